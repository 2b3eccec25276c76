"""How the messages of a module are handled, declared as data: retries, time limits, and how many at once."""

from amphibus.policy.declared import OnDead, Per, Policy, Retries

__all__ = ("OnDead", "Per", "Policy", "Retries")
