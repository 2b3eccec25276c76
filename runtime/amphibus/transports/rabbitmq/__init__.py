"""RabbitMQ: the transport, and everything that speaks to a broker."""
