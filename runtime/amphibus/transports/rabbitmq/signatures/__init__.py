"""Signatures of messages, for brokers that others run: keys, what is signed, and what is believed."""
