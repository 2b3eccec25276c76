"""Typed clients of the HTTP API, and messages for programs outside, written from the contracts."""
