"""The arithmetic of a number at once that several instances share."""

from collections.abc import Sequence


def fair_shares(at_most: int, wanted: Sequence[int], *, first: int) -> list[int]:
    """Returns how many each may have: nobody more than it wants, all together no more than there are.

    They are dealt one by one, beginning at one place; whoever lets that place move on leaves nobody without for long.
    """
    shares, left = [0] * len(wanted), min(at_most, sum(wanted))
    place = first
    while left > 0:
        place %= len(wanted)
        if shares[place] < wanted[place]:
            shares[place] += 1
            left -= 1
        place += 1
    return shares


def next_held(share: int, *, in_use: int, others: int, at_most: int) -> int:
    """Returns how many an instance holds from now on: its share as far as that is free, and what it uses still."""
    return max(in_use, min(share, at_most - others))
