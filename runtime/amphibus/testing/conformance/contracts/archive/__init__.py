"""The archive files them."""
