"""A module that another system tells of parcels."""
