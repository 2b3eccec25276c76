"""The module that something is added to: its files, and what stands in them already."""

from dataclasses import dataclass
from pathlib import Path

from amphibus.cli import options
from amphibus.cli.add.layout import rendered
from amphibus.cli.add.names import singular, words
from amphibus.cli.add.page import FrontPage, Page
from amphibus.cli.add.plan import Plan
from amphibus.cli.output import CommandError, Exit, unknown
from amphibus.module import Module
from amphibus.routing.project import Project
from amphibus.routing.topology import GATEWAY


@dataclass(frozen=True, slots=True)
class Site:
    """A module of the project, and the plan of what is added to it."""

    plan: Plan
    project: Project
    module: str

    @classmethod
    def of(cls, module: str, typed: str) -> "Site":
        """Opens a module.

        Raises:
            CommandError: there is none of that name.
            DeclarationError: the project has problems.
        """
        project = options.project()
        known = [each for each in project.modules if each != GATEWAY]
        if module not in known:
            error = unknown("module", module, known, f"amphibus add module {module}")
            if near := error.change.get(module):
                error.change = {typed: f"{near}{typed[len(module) :]}"}
            raise error
        project.topology()
        return cls(Plan(project.root), project, module)

    @property
    def declared(self) -> Module:
        """The front page as it is now."""
        return self.project.modules[self.module]

    @property
    def noun(self) -> str:
        """One of what the module is called after, in words."""
        return " ".join(words(singular(self.module)))

    @property
    def front(self) -> Path:
        """The path of the front page."""
        return Path("modules", self.module, "module.py")

    def contracts(self) -> Page:
        """The page of contracts, which is begun if there is none."""
        folder = Path("contracts", self.module)
        facts = {"module": self.module}
        self.plan.make_missing(folder / "__init__.py", rendered("contracts_init", **facts))
        self.plan.make_missing(folder / "v1.py", rendered("contracts", **facts))
        return self.plan.page(folder / "v1.py")

    def handlers(self, function: str) -> Page:
        """The page that a handler goes to: the one of all, or one of its own in their folder."""
        path = Path("modules", self.module, "handlers.py")
        if (self.plan.root / path.with_suffix("")).is_dir():
            path = path.with_suffix("") / f"{function}.py"
            self.plan.make(path, rendered("handlers", module=self.module))
        self.plan.make_missing(path, rendered("handlers", module=self.module))
        return self.plan.page(path)

    def tests(self) -> Page:
        """The page of the module's tests."""
        self.plan.make_missing("tests/__init__.py", rendered("tests_init"))
        self.plan.make_missing("tests/modules/__init__.py", rendered("tests_init"))
        path = Path("tests/modules", f"test_{self.module}.py")
        self.plan.make_missing(path, rendered("tests", module=self.module))
        return self.plan.page(path)

    def route(self, contract: str, handler: str, page: Path) -> None:
        """Adds a row to the routing table: the name of the contract in the front page is worked out."""
        owner, name = contract.split(".")
        front, alias = self.plan.page(self.front).alias(owner)
        front = front.with_names("amphibus", "on")
        front = front.with_names(".".join(page.with_suffix("").parts), handler)
        keyword = "handles" if owner == self.module else "subscribes"
        self.plan.put(FrontPage(front).with_item(keyword, f"on({alias}.{name}, {handler})"))

    def publish(self, *names: str) -> None:
        """Adds own events to the front page."""
        front, alias = self.plan.page(self.front).alias(self.module)
        listed = FrontPage(front)
        for name in names:
            listed = listed.with_item("publishes", f"{alias}.{name}")
        self.plan.put(listed)

    def declare(self, keyword: str, *said: str) -> None:
        """Adds what the front page does not say yet to its purposes, or to what it ignores."""
        front = FrontPage(self.plan.page(self.front))
        for each in dict.fromkeys(said):
            if each not in front.texts_of(keyword):
                front = front.with_item(keyword, f'"{each}"')
        self.plan.put(front)

    def routes(self) -> set[tuple[str, str]]:
        """The method and the path of each route there is, without the names of parameters."""
        bound = [each.contract_http for each in self.project.contracts.values()]
        return {(each.method, _bare(each.path)) for each in bound if each is not None}

    def path(self, method: str, key: str, *rest: str) -> str:
        """The path of a route; the words behind the key are left out for a query while they are not needed."""
        stem = f"/v1/{self.module.replace('_', '-')}" + (f"/{{{key}}}" if key else "")
        longer = "/".join([stem, "-".join(rest)])
        short = method == "GET" and (method, _bare(stem)) not in self.routes()
        return stem if short else longer


def absent(page: Page, *names: str) -> None:
    """Checks that a page defines none of the names.

    Raises:
        CommandError: it does.
    """
    for name in names:
        if name in page.defined():
            raise CommandError(
                f"{page.path} has a {name} already",
                "nothing is written over; nothing was written",
                "choose another name",
                Exit.USAGE,
            )


def _bare(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
