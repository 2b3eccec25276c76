"""The way in: from the queues of the modules that are hosted here to their receivers."""
