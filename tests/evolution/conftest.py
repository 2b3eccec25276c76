"""The project whose contracts are changed."""

from tests.evolution.project import depot

__all__ = ("depot",)
