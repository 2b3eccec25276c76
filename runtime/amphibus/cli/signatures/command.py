"""`amphibus signatures`: the keys by which modules sign what they send over a broker that others run."""

import shlex
from pathlib import Path
from typing import Final

from amphibus.cli import options
from amphibus.cli.output import CommandError, Exit, show_columns, show_json, typed

_FOLDER: Final = "signature-keys"


def create(source: str, *, to: Path | None = None) -> None:
    """Make the private key of a module or a program, and print the lines that make its public key known.

    Where there is a key already, the new one waits beside it until `amphibus signatures switch`.

    Example: amphibus signatures create orders --to /run/secrets/signature-keys

    Args:
        source: Name of the module or program that signs.
        to: Folder of private keys; signatures.private_keys if it is set, else signature-keys in the data folder.
    """
    from amphibus.cli.passwords import write_secret
    from amphibus.transports.rabbitmq.signatures.keys import (
        NEXT,
        as_configuration,
        key_id,
        new_private_key,
        private_key,
        public_text,
    )

    folder = _folder(to)
    used = folder / f"{_checked(source)}.pem"
    file = folder / f"{source}{NEXT}.pem" if used.exists() else used
    if file.exists():
        raise CommandError(
            f"{file} is there already",
            "it waits to be used, and others may know its public key",
            f"amphibus signatures switch {source} --to {shlex.quote(str(folder))}",
        )
    write_secret(file, new_private_key().decode())
    public = public_text(private_key(file)[1])
    print(f"wrote  {file}; its public key, for config/amphibus.toml everywhere:\n")
    lines = as_configuration(source, {key_id(public): public})
    if file == used:
        print(lines)
        return
    table, _, added = lines.partition("\n")
    print(f"{added}\nadd it to those under {table}, which stay")
    print(typed(f"once all have it: amphibus signatures switch {source}"))


def switch(source: str, *, to: Path | None = None) -> None:
    """Let a module sign with the key that was made last, from its next start on.

    First make its public key known everywhere, and remove that of the old key once its last message is handled.

    Example: amphibus signatures switch orders

    Args:
        source: Name of the module or program that signs.
        to: Folder of private keys, as for create.
    """
    from amphibus.transports.rabbitmq.signatures.keys import NEXT, private_key

    folder = _folder(to)
    new = folder / f"{_checked(source)}{NEXT}.pem"
    if not new.is_file():
        raise CommandError(
            f"no new key of {source} waits in {folder}",
            "it is made first, and its public key is made known",
            f"amphibus signatures create {source}",
        )
    identity, _ = private_key(new)
    new.replace(folder / f"{source}.pem")
    print(f"{source} signs with {identity} from its next start on")


def list_keys(*, to: Path | None = None, as_json: options.AsJson = False) -> None:
    """List whose signatures are known, with the ids of their keys, and which of them is used here.

    Example: amphibus signatures list

    Args:
        to: Folder of private keys, as for create.
    """
    from amphibus.transports.rabbitmq.signatures.keys import private_key

    known, folder = options.settings(mode="distributed").signatures.keys, _folder(to)
    used = {path.stem: private_key(path)[0] for path in sorted(folder.glob("*.pem"))}
    rows = [
        (source, identity, "used here" if used.get(source) == identity else "")
        for source, keys in sorted(known.items())
        for identity in keys
    ]
    if as_json:
        show_json([dict(zip(("source", "key", "state"), row, strict=True)) for row in rows])
    elif rows:
        show_columns(("SOURCE", "KEY", "STATE"), rows)
    else:
        print("no keys; amphibus signatures create MODULE makes one")


def _folder(given: Path | None) -> Path:
    settings = options.settings(mode="distributed")
    if given is not None:
        return given.absolute()
    return settings.signatures.private_keys or settings.data_dir / _FOLDER


def _checked(source: str) -> str:
    settings, project = options.settings(mode="distributed"), options.project()
    from amphibus.access.operator import OPERATOR
    from amphibus.nearest import did_you_mean

    known = sorted({*project.topology().modules, *settings.producers, OPERATOR})
    if source not in known:
        raise CommandError(
            f"nobody is called {source}",
            f"there are {', '.join(known)}{did_you_mean(source, known)}",
            "amphibus modules",
            Exit.USAGE,
        )
    return source
