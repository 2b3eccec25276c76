"""The tables that operators steer by: pauses, and where processes stand."""
