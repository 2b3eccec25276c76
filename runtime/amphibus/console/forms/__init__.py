"""Forms of contracts: made of a JSON Schema, filled with a value, read back as one."""
