"""What the modules of the tiny business say to each other."""
