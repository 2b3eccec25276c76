"""The runtime's own tables in a module's database, as numbered steps: a step that was released never changes.

The tables are kept off the ORM: what is written for every message goes through the driver, prepared
and in bulk. Times are microseconds since the epoch, UTC.
"""
