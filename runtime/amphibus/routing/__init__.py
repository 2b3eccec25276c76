"""Who takes what: front pages and contracts as one topology, kept in locks."""
