"""The answers to system contracts from a module's database: the same at rest and while the module runs."""
