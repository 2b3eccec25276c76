"""`amphibus keys`: API keys, by which programs show the gateway who they are."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from amphibus.cli import options
from amphibus.cli.operator import Reason, Who, operator, reasoned
from amphibus.cli.output import CommandError, Exit, moment, plural, show_columns, show_json

if TYPE_CHECKING:
    from amphibus.access.api_keys import ApiKey

_MOST: Final = 10_000
_SECOND: Final = 1_000_000


def create(
    name: str,
    *,
    scopes: str = "",
    role: tuple[str, ...] = (),
    tenant: str = "",
    for_: Annotated[str, Parameter(name="--for")] = "90d",
    reason: Reason = "",
    who: Who = None,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Make an API key for a program, and print it once; only its hash is kept.

    Example: amphibus keys create importer --role importer --for 30d

    Args:
        name: Name of the program.
        scopes: Rights, with spaces between them, such as "orders:place orders:read".
        role: A role of config/access.toml, whose rights it gets as they are now; repeatable.
        tenant: Tenant that the program belongs to.
        for_: Time for which it is good: 12h, 90d.
    """
    from amphibus.access.api_keys import ApiKey, new_key
    from amphibus.admin.keys import keep_key

    rights = _rights(name, tenant, scopes, role)
    lasts = int(options.seconds(for_, "--for") * _SECOND)
    identity, text, digest = new_key()
    store = options.gateway_store(data_dir, db)
    key = ApiKey(identity, name, tenant, rights, digest, 0, lasts)
    kept = asyncio.run(keep_key(store, key, operator(who), reasoned(reason)))
    if as_json:
        show_json({"key": text, **_facts(kept)})
        return
    print(text)
    print(f"{name}  good until {moment(kept.expires)}; it is not shown again")


def list_keys(
    *,
    as_json: options.AsJson = False,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """List the API keys, the newest first.

    Example: amphibus keys list
    """
    from amphibus.admin.keys import known_keys

    found = asyncio.run(known_keys(options.gateway_store(data_dir, db), limit=_MOST))
    if as_json:
        show_json([_facts(each) for each in found])
        return
    rows = [
        (each.id, each.name, moment(each.created), moment(each.expires), _state(each), _said(each))
        for each in found
    ]
    if rows:
        show_columns(("KEY", "NAME", "CREATED", "EXPIRES", "STATE", "RIGHTS"), rows)
    else:
        print("no keys; amphibus keys create NAME --role ROLE makes one")


def revoke(
    *keys: str,
    reason: Reason = "",
    who: Who = None,
    data_dir: options.DataDir = None,
    db: options.Db = None,
) -> None:
    """Revoke API keys; within 5 seconds no gateway takes them any more.

    Example: amphibus keys revoke 1f2e3d4c5b6a

    Args:
        keys: Ids of the keys, as keys list shows them.
    """
    from amphibus.admin.keys import revoke_keys

    if not keys:
        raise CommandError(
            "revoke which keys?", "it takes their ids", "amphibus keys list", Exit.USAGE
        )
    store = options.gateway_store(data_dir, db)
    unknown = asyncio.run(revoke_keys(store, keys, operator(who), reasoned(reason)))
    if unknown:
        raise CommandError(
            f"there is no key {', '.join(unknown)} that could be revoked",
            f"{plural(len(keys) - len(unknown), 'key')} revoked; these are unknown, or were revoked before",
            "amphibus keys list",
        )
    print(f"{plural(len(keys), 'key')} revoked")


def _rights(name: str, tenant: str, scopes: str, role: tuple[str, ...]) -> frozenset[str]:
    from amphibus.access.principal import (
        LONGEST_SCOPES,
        scopes_in,
        wrong_in_subject,
        wrong_in_tenant,
    )
    from amphibus.access.roles import read_roles
    from amphibus.access.scopes import wrong_in_scopes
    from amphibus.cli.output import unknown

    roles = read_roles(options.root())
    for each in role:
        if each not in roles.scopes:
            raise unknown("role", each, tuple(roles.scopes), "${EDITOR:-vi} config/access.toml")
    rights = scopes_in(scopes) | roles.scopes_of(role)
    why = wrong_in_subject(name) or (wrong_in_tenant(tenant) if tenant else None)
    why = f"the name {why}" if why else wrong_in_scopes(rights)
    if why is None and not rights:
        why = "it would have no rights: give it --role or --scopes"
    if why is None and len(" ".join(rights)) > LONGEST_SCOPES:
        why = f"its rights have more than {LONGEST_SCOPES} characters"
    if why is not None:
        fix = "amphibus keys create importer --role importer"
        raise CommandError("this key cannot be made", why, fix, Exit.USAGE)
    return rights


def _facts(key: "ApiKey") -> dict[str, object]:
    from amphibus.cli.output import rfc3339

    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "scopes": sorted(key.scopes),
        "created": rfc3339(key.created),
        "expires": rfc3339(key.expires),
        "revoked": None if key.revoked is None else rfc3339(key.revoked),
    }


def _state(key: "ApiKey") -> str:
    from amphibus.clock import SystemClock

    if key.revoked is not None:
        return "revoked"
    return "expired" if key.expires <= SystemClock().now() else "good"


def _said(key: "ApiKey") -> str:
    return " ".join(sorted(key.scopes))
