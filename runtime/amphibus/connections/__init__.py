"""Connections: accepted, counted, held to a time and ended for one another, before anybody knows who is there."""
