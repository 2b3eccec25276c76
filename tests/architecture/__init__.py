"""Facts about the shape of the code: what may stand where, and who may know whom."""
