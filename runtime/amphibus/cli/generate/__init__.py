"""`amphibus generate`: code that follows from declarations."""
