"""The handlers of the orders module, a file for each occasion."""
