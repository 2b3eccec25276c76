"""The system as a whole: seen through system contracts, listed, paused."""
