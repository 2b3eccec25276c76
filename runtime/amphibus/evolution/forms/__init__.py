"""The forms of contracts: JSON Schema, and what JSON Schema loses of their meaning."""
