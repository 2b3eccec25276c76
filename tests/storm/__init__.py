"""What the storm is made of: ways that break, a provider with moods, customers with a ledger, faults by seed."""
