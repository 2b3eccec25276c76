"""Policies of messages as data, and the limits that instances keep together."""
