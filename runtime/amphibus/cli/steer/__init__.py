"""The commands that steer a running system."""
