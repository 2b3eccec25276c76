"""The migrations of the payments module's tables, numbered, never edited once released."""
