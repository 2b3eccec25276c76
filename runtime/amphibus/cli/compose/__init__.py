"""Files that compose.yaml needs beside it."""
