"""The migrations of the orders module's tables, numbered, never edited once released."""
