"""Part of the two-module business that the figures of single parts are measured with."""
