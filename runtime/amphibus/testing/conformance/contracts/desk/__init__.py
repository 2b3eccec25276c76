"""The desk takes lines of text and says so."""
