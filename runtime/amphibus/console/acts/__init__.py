"""The acts: what forms of the console have modules do."""
