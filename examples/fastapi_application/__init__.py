"""A FastAPI application with tables of its own, which sends commands in its own transactions."""
