"""Facts that the clean-up of a module's database must know before it forgets."""
