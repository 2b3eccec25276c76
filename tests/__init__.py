"""The tests: facts about the system, each named as a sentence."""
