"""A process that loads the contracts of another revision and answers from them: JSON in, JSON out."""

import json
import sys
from pathlib import Path
from typing import Any

from amphibus.errors import DeclarationError
from amphibus.evolution.forms.form import form_of
from amphibus.evolution.proof.sides import Classes, Question
from amphibus.routing.project import Project


def main() -> int:
    """Answers the one request on stdin."""
    request = json.load(sys.stdin)
    try:
        contracts = Project(Path.cwd()).contracts
    except DeclarationError as error:
        sys.stderr.write(error.problems[0])
        return 1
    answer: dict[str, Any] = {}
    if request.get("forms"):
        answer["forms"] = {name: form_of(each) for name, each in contracts.items()}
    trials = Classes(contracts).judge([Question(*each) for each in request.get("questions", ())])
    answer["trials"] = [[each.refusal, each.emitted] for each in trials]
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
