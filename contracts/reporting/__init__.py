"""What the reporting module is asked and says."""
