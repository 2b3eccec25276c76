"""What joins a system to applications that are not built of modules: an outbox, an inbox, FastAPI, FastStream."""
