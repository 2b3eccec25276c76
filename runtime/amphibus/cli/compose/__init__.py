"""The passwords that compose.yaml needs beside it."""
