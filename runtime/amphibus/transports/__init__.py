"""What carries envelopes between modules: one promise (`transport.py`), a file for each that keeps it."""
