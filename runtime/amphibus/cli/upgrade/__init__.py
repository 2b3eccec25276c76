"""`amphibus upgrade`: brings a project to the version of Amphibus that is installed."""
