"""Requests that a module answers on behalf of the runtime: a file for each, and one table of all."""
