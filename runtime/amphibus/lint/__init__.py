"""The lint of contracts: rules about how a contract is named, built and kept open for what comes.

Each rule has an id, says why it is there and how to hold it, and shows a page that holds it and one that does not.
"""
