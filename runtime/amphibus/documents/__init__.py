"""Documents for programs and people outside: the system as AsyncAPI, its contracts as JSON Schema, a page to read."""
