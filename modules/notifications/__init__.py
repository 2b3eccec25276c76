"""Notifications: writes to customers about their orders."""
