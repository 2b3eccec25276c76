"""The way of a sender's messages while a broker comes and goes, and what is known to have arrived."""
