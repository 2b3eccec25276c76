"""`amphibus add`: what it writes is accepted by every rule, and what it refuses leaves nothing behind."""
