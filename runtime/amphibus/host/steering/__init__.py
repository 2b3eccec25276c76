"""Pauses, limits and operations: the parts of a module that operators and front pages steer."""
