"""The processes of a system as operators meet them: announced, asked one by one, listed."""
