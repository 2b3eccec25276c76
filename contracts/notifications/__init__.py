"""What the notifications module is asked and says."""
