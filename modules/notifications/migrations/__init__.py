"""The migrations of the notifications module's tables, numbered, never edited once released."""
