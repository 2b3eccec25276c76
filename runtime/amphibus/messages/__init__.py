"""The messages on their way: envelope, wire format, identifiers."""
