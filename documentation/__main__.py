"""`./test --docs [FOLDER]`: builds the site, strictly; what is wrong with a page ends it."""

import sys
from pathlib import Path

from documentation.site import build

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Builds the site and says where it is."""
    folder = Path(arguments[0]) if arguments else ROOT / "var/docs"
    problems = build(ROOT, folder)
    for each in problems:
        print(f"problem  {each}", file=sys.stderr)
    print(f"{len(problems)} problems found" if problems else f"ok  {folder / 'index.html'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
