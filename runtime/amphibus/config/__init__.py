"""The settings, and the layers that set them."""
