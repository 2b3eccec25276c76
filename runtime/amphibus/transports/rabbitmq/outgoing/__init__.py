"""The way out: what is handed over for a destination, until the broker has it for good."""
