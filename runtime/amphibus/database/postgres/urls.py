"""URLs of databases as the driver wants them."""


def plain(url: str) -> str:
    """A URL without SQLAlchemy's name of a driver."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"
