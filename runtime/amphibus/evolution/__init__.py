"""The evolution of contracts: what was released, what a change of it breaks, and what is to be done instead.

`forms` says what a contract promises, and `lock` keeps that. `differences` finds what changed, and its `rules` say
what each change means for each kind of message. `proof` shows it by documents, and `check` puts it together.
"""
