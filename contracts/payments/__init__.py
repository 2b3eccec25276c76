"""What the payments module is asked and says."""
