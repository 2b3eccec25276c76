"""Rights on objects, looked up where the objects are."""
