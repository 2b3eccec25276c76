"""What the platform costs, beside what it could be built without: `amphibus bench`."""
