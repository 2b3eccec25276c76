"""`amphibus export`: what is needed outside of the system."""
