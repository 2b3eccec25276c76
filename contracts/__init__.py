"""The messages between modules: a folder for each module, pure data, nothing that runs."""
