"""A plain FastStream service with tables of its own, which handles events of the shop once each."""
