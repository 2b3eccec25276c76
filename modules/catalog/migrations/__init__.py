"""The migrations of the catalog module's tables, numbered, never edited once released."""
