"""The limits of what a client may ask: connections, heads, bodies, rates, and what waits already."""
