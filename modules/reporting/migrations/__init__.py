"""The migrations of the reporting module's tables, numbered, never edited once released."""
