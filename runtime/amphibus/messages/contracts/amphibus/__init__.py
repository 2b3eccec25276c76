"""The contracts of the module that every process is: the runtime."""
