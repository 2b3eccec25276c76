"""The pytest plugin: a team's modules at work in a test, once for each mode in which they may run.

pytest loads `hooks` in every environment that has Amphibus; all else is loaded by the first test that asks.
"""
