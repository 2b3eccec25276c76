"""`amphibus token`: a token of the issuer of its own, for development on this machine."""

from typing import Annotated

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit


def token(
    *,
    as_: Annotated[str, Parameter(name="--as")],
    scopes: str = "",
    role: tuple[str, ...] = (),
    for_: Annotated[str, Parameter(name="--for")] = "1h",
    data_dir: options.DataDir = None,
) -> None:
    """Print a token with which a request is somebody's, on this machine.

    Its key lies in the data folder. A gateway that has an issuer of its own configured, or that
    runs on another folder, does not believe it.
    Example: curl -H "Authorization: Bearer $(amphibus token --as ada --role customer)" URL

    Args:
        as_: Name of whom it is for, such as ada.
        scopes: Rights, with spaces between them, such as "orders:place orders:read".
        role: A role of config/access.toml; repeatable.
        for_: Time for which it is good: 15m, 1h.
    """
    from amphibus.access.embedded import EmbeddedIssuer
    from amphibus.access.principal import wrong_in_subject
    from amphibus.access.roles import read_roles
    from amphibus.access.scopes import wrong_in_scopes
    from amphibus.cli.output import unknown

    settings = options.settings(data_dir=data_dir)
    wrong = wrong_in_subject(as_)
    if wrong is not None:
        raise CommandError(f"--as {wrong}", "it is a name", "amphibus token --as ada", Exit.USAGE)
    wrong = wrong_in_scopes(scopes.split())
    if wrong is not None:
        fix = 'amphibus token --as ada --scopes "orders:place orders:read"'
        raise CommandError("--scopes cannot be understood", wrong, fix, Exit.USAGE)
    roles = read_roles(options.root())
    for each in role:
        if each not in roles.scopes:
            raise unknown("role", each, tuple(roles.scopes), "${EDITOR:-vi} config/access.toml")
    seconds = options.seconds(for_, "--for")
    longest = settings.access.longest_token_seconds
    if seconds > longest:
        raise CommandError(
            f"--for {for_} is longer than {longest:g} s",
            "access.longest_token_seconds says so, and no gateway takes a longer one",
            "amphibus token --as ada --for 1h",
            Exit.USAGE,
            change={"--for": "1h"},
        )
    audience = settings.access.audience or f"{settings.app}.{settings.env}"
    issuer = EmbeddedIssuer(settings.data_dir)
    print(issuer.token(as_, audience=audience, scopes=scopes, roles=list(role), seconds=seconds))
