"""What only a broker can do to us, on a real one."""
