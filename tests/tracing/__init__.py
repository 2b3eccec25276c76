"""Traces: what a process tells a collector of OpenTelemetry of the flows that pass through it."""
