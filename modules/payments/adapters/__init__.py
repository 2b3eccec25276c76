"""What the payments module reaches the payment provider with."""
