"""Metrics and log lines by OTLP, beside the spans of `tracing`. Nothing is loaded while they are off."""
