"""What travels: the envelope, its wire format, its identifiers."""
