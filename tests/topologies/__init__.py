"""The real month in every arrangement of processes, brokers and databases, and between them: one end."""
