"""The limits of an inbox: how many messages of a type are under way at once, and how many begin in a time."""
