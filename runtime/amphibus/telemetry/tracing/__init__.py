"""Spans by OpenTelemetry: one flow of messages is one trace over all processes. Nothing is loaded while it is off."""
