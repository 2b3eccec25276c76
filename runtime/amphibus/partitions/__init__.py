"""The partitions of a module's work, and the instances that hold them."""
