"""What the modules of the shop do, each alone and all together."""
