"""A month of a real retailer's orders, sent to a shop that is killed, stopped and starved on its way."""
