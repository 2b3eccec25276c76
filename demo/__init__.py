"""The demo of the shop, for `amphibus demo`. It knows the shop by HTTP and by its modules' messages."""
