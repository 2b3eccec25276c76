"""What operators do to many dead letters: conditions, groups, retries, operations, and the audit of all acts."""
