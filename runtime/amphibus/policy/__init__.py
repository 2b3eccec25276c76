"""Policies of messages, declared as data: retries, time limits, and how many are handled at once."""

from amphibus.policy.declared import OnDead, Per, Policy, Retries
from amphibus.policy.quota import Quota

__all__ = ("OnDead", "Per", "Policy", "Quota", "Retries")
