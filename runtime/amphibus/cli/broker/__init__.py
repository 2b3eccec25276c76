"""`amphibus broker`, and the brokers that commands start."""
