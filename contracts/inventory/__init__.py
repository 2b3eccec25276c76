"""What the inventory module is asked and says."""
