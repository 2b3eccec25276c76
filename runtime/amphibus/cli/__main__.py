"""`python -m amphibus.cli` is `amphibus`."""

from amphibus.cli.door import main

main()
