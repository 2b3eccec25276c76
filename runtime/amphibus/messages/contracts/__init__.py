"""The runtime's own contracts, laid out as a project's are."""
