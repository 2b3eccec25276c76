"""What the modules say to each other: a folder for each, pure data, nothing that runs."""
