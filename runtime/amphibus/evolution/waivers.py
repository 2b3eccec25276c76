"""Waivers: changes and lint findings that are approved, each with a reason and an end, in a file of the project."""

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from amphibus.contract.wording import details_of, in_words
from amphibus.nearest import nearest

WAIVERS: Final = Path("contracts/waivers.toml")
_BRACKETS: Final = str.maketrans("[]", "()")
_Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
_Reason = Annotated[str, StringConstraints(min_length=10, max_length=500, strip_whitespace=True)]


class Waiver(BaseModel):
    """One `[[waiver]]` of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: _Line
    """The id of the rule, such as FLD12 or L049."""
    contract: _Line
    """The type of the contract, such as orders.PlaceOrder.v1; `*` stands for anything, as in orders.*."""
    path: str = "*"
    """The place in it, such as lines[].sku."""
    reason: _Reason
    expires: date

    def covers(self, rule: str, contract: str, path: str) -> bool:
        """Returns whether it is about a finding."""
        return (
            self.rule == rule
            and fnmatchcase(contract, self.contract)
            # Brackets are a part of paths, and no sets of characters.
            and fnmatchcase(path.translate(_BRACKETS), self.path.translate(_BRACKETS))
        )


@dataclass(slots=True)
class Waivers:
    """All waivers of a project, and which of them were needed."""

    all: tuple[Waiver, ...] = ()
    today: date = date.min
    problems: tuple[str, ...] = ()

    def reason(self, rule: str, contract: str, path: str) -> tuple[str, bool]:
        """Returns the reason for which a finding is approved, and whether the approval has ended."""
        found = self._deciding(rule, contract, path)
        if found is None:
            return "", False
        if found.expires < self.today:
            return f"its waiver ended on {found.expires}", True
        return found.reason, False

    def _deciding(self, rule: str, contract: str, path: str) -> Waiver | None:
        """The first that covers a finding and holds, or else the first that covers it."""
        fitting = [each for each in self.all if each.covers(rule, contract, path)]
        valid = (each for each in fitting if each.expires >= self.today)
        return next(valid, fitting[0] if fitting else None)

    def idle(self, findings: Iterable[tuple[str, str, str]], rules: Collection[str]) -> list[str]:
        """Says which waivers of some rules decide about nothing that was found, and which name no rule at all.

        Those of the lint are the lint's own affair, and those of changes the check's.
        """
        needed = [self._deciding(*each) for each in findings]
        lint = any(map(_is_of_lint, rules))
        said = []
        for each in self.all:
            if _is_of_lint(each.rule) is not lint or any(each is one for one in needed):
                continue
            near = nearest(each.rule, rules)
            hint = f"; did you mean {near}?" if near else ""
            said.append(
                f"{WAIVERS}: {each.rule} for {each.contract} approves nothing, or nothing any more: delete it"
                if each.rule in rules
                else f"{WAIVERS}: there is no rule {each.rule}, which is named for {each.contract}{hint}"
            )
        return said


def _is_of_lint(rule: str) -> bool:
    return rule[:1] == "L"


def read_waivers(root: Path, today: date) -> Waivers:
    """Reads the waivers of a project; a file that cannot be used approves nothing and says so."""
    path = root / WAIVERS
    if not path.is_file():
        return Waivers(today=today)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found = _File.model_validate(data)
    except ValidationError as error:
        return Waivers(today=today, problems=tuple(_said(error)))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Waivers(today=today, problems=(f"{WAIVERS} cannot be read: {error}",))
    return Waivers(found.waiver, today)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    waiver: tuple[Waiver, ...] = ()


def _said(error: ValidationError) -> Iterable[str]:
    for each in details_of(error):
        yield f"{WAIVERS}: {'.'.join(map(str, each['loc']))} {in_words(each)}"
