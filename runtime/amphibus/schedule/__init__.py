"""Schedules: the times at which a module gets a command of its own, as its front page declares them."""
