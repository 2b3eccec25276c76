"""What the orders module does, a file for each occasion."""
