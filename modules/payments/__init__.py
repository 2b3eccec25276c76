"""Payments: holds, collects and gives back the money of orders, and keeps the books."""
