"""The errors of whoever does not show who he is."""


class NotShown(Exception):
    """A credential that is not believed. Its text says why, and nothing of the credential itself."""


class CannotTell(Exception):
    """Nobody can be asked now if a credential is good, so nobody is let in by it."""
