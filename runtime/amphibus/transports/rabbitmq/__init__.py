"""RabbitMQ: the transport, and all that it takes to speak to a broker."""
