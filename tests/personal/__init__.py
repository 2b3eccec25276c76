"""Personal data: where its mark stands, who receives it, and what for."""
