"""What `amphibus demo` shows of the shop. It knows the shop by HTTP and by what its modules say."""
