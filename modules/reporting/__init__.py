"""Reporting: sales by day, a read model fed by events only."""
