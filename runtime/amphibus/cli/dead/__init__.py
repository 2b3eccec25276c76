"""`amphibus dead` and `replay`: messages once more."""
