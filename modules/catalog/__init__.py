"""Catalog: the price of each SKU, which it tells whoever sells."""
