"""Repositories: a table's rows read and written without the ORM, in the transaction of a handler's session.

`amphibus generate repositories` writes one for each table of a module; `Statement` is for what it does not write.
"""

from amphibus.repository.rows import Page, Repository
from amphibus.repository.statement import Statement

__all__ = ("Page", "Repository", "Statement")
