"""What the orders module is asked and says."""
