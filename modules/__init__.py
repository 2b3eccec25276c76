"""The business modules of the shop, one folder each. None imports another."""
