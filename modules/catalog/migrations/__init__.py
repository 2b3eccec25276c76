"""The migrations of the inventory module's tables, numbered, never edited once released."""
