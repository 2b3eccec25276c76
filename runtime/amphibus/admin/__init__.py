"""Reads and repairs of the runtime's tables, while the modules run or while they do not.

Reads open a database read-only. Repairs are short write transactions, so that the module, which
shares the file, never waits long.
"""
