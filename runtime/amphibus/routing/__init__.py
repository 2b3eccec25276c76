"""The routing of messages: front pages and contracts as one topology, kept in locks."""
