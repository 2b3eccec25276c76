"""What the shop says in the usual stories, told once and the same on every transport."""
