"""The lock of each contract: its JSON Schema beside it, in `contracts/<module>/v<N>.lock.json`.

It is generated and committed, so that a review shows every change of a contract, in a form that
producers in other languages understand too.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from amphibus.contract import Message, kind_of, personal_fields


def locks(contracts: Iterable[type[Message]]) -> dict[Path, str]:
    """Returns the text of every lock file, by its path below the project's root."""
    files: dict[Path, dict[str, Any]] = {}
    for contract in contracts:
        path = Path(f"contracts/{contract.contract_owner}/v{contract.contract_version}.lock.json")
        files.setdefault(path, {})[contract.contract_name] = said_by(contract)
    return {
        path: json.dumps(dict(sorted(said.items())), indent=1, sort_keys=True) + "\n"
        for path, said in files.items()
    }


def stale_locks(root: Path, contracts: Mapping[str, type[Message]]) -> list[Path]:
    """Returns the lock files that differ from their contracts, below the project's root."""
    wanted = locks(contracts.values())
    there = {path.relative_to(root) for path in root.glob("contracts/*/v*.lock.json")}
    differ = [path for path, text in wanted.items() if _read(root / path) != text]
    return sorted([*differ, *(there - set(wanted))])


def write_locks(root: Path, contracts: Mapping[str, type[Message]]) -> list[Path]:
    """Writes the lock files that are stale and removes those without contracts; returns them."""
    wanted = locks(contracts.values())
    changed = stale_locks(root, contracts)
    for path in changed:
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def said_by(contract: type[Message]) -> dict[str, Any]:
    """Returns one contract as data: type, kind, key, route, refusals, personal data and JSON Schemas."""
    answer = contract.answer_type()
    http = contract.contract_http
    return {
        "type": contract.contract_type,
        "kind": kind_of(contract),
        "key": contract.contract_key,
        "http": None if http is None else f"{http.method} {http.path}",
        "stored": http is not None and http.stored,
        "refuses": dict(contract.contract_refuses),
        "personal": personal_fields(contract),
        "payload": contract.model_json_schema(mode="validation"),
        "answer": None if answer is None else answer.model_json_schema(mode="serialization"),
    }


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
