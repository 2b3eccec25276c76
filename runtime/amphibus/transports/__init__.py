"""The transports that carry envelopes: one promise (`transport.py`), a file for each that keeps it."""
