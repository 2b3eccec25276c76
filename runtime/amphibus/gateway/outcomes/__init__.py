"""Waiting over HTTP until a command has its outcome: told by its owner's commit, and not asked again and again."""
