"""The shop's order flow as one writes it by hand: FastStream, SQLAlchemy and PostgreSQL."""
