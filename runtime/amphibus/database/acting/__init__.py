"""Acts of operators on dead letters: conditions, groups, retries, operations, and the audit of all acts."""
