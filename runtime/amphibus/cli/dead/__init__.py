"""`amphibus dead` and `replay`: handles messages once more."""
