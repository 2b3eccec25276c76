"""The parts that traces, metrics and lines share on their way to a collector."""
