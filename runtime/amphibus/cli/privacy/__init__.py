"""Commands about one person: what is kept, and how it is erased."""
