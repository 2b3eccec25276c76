"""What compose.yaml needs beside it."""
