"""Runs modules in a test: in memory, with real databases in a temporary folder and a clock that is moved by hand."""

from amphibus.testing.converters import ConverterFails, check_converters
from amphibus.testing.failures import NotSeen
from amphibus.testing.harness import Harness
from amphibus.testing.places import environment

__all__ = ("ConverterFails", "Harness", "NotSeen", "check_converters", "environment")
