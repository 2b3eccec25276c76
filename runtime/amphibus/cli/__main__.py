"""`python -m amphibus.cli` is `amphibus`."""

from amphibus.cli.main import main

main()
