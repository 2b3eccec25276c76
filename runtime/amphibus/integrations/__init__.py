"""The joints between a system and applications that are not built of modules: outbox, inbox, FastAPI, FastStream."""
