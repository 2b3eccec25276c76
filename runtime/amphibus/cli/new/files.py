"""The files of a new project: where each goes, and which template it is."""

from collections.abc import Iterator
from typing import Final

from amphibus.cli.add.layout import rendered
from amphibus.cli.new.choice import Choice

_COMMON: Final = {
    ".dockerignore": "dockerignore",
    ".editorconfig": "editorconfig",
    ".github/workflows/ci.yml": "ci.yml",
    ".gitignore": "gitignore",
    "Dockerfile": "Dockerfile",
    "README.md": "README.md",
    "compose.yaml": "compose.yaml",
    "config/amphibus.toml": "amphibus.toml",
    "contracts/__init__.py": "contracts_init",
    "modules/__init__.py": "modules_init",
    "pyproject.toml": "pyproject.toml",
    "test": "test",
}
_OWN: Final = {
    "minimal": {
        "contracts/notes/v1.py": "contracts",
        "modules/notes/handlers.py": "handlers",
        "modules/notes/migrations/versions/0001_note.py": "migration",
        "modules/notes/models.py": "models",
        "modules/notes/module.py": "module",
        "tests/modules/test_notes.py": "tests",
    },
    "worker": {
        "contracts/jobs/v1.py": "jobs_contracts",
        "contracts/workers/v1.py": "workers_contracts",
        "modules/jobs/handlers.py": "jobs_handlers",
        "modules/jobs/migrations/versions/0001_job.py": "migration",
        "modules/jobs/models.py": "models",
        "modules/jobs/module.py": "jobs_module",
        "modules/jobs/process.py": "process",
        "modules/workers/handlers.py": "workers_handlers",
        "modules/workers/module.py": "workers_module",
        "tests/modules/test_jobs.py": "jobs_tests",
    },
    "shop": {
        **{
            path: template
            for module in ("inventory", "orders", "payments")
            for path, template in (
                (f"contracts/{module}/v1.py", f"{module}_contracts"),
                (f"modules/{module}/handlers.py", f"{module}_handlers"),
                (f"modules/{module}/migrations/versions/0001_first.py", f"{module}_migration"),
                (f"modules/{module}/models.py", f"{module}_models"),
                (f"modules/{module}/module.py", f"{module}_module"),
            )
        },
        "modules/orders/process.py": "orders_process",
        "modules/payments/adapters.py": "payments_adapters",
        "tests/modules/test_orders.py": "orders_tests",
    },
}
_PACKAGES: Final = {
    "minimal": (("notes", True),),
    "worker": (("jobs", True), ("workers", False)),
    "shop": (("inventory", True), ("orders", True), ("payments", True)),
}
"""The modules, and whether each has tables."""


def files_of(choice: Choice) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file, but for the locks, which follow from the others."""
    facts = choice.facts()
    for path, template in _COMMON.items():
        yield path, rendered(f"project/common/{template}", **facts).encode()
    for path, template in _OWN[choice.template].items():
        yield path, rendered(f"project/{choice.template}/{template}", **facts).encode()
    for path, template, module in _inits(choice.template):
        yield path, rendered(template, module=module).encode()
    if choice.wheel is not None:
        yield f"wheels/{choice.wheel.name}", choice.wheel.read_bytes()


def _inits(template: str) -> Iterator[tuple[str, str, str]]:
    """The files that make packages of folders: those that `amphibus add` writes too."""
    for folder in ("tests", "tests/modules"):
        yield f"{folder}/__init__.py", "tests_init", ""
    for module, tables in _PACKAGES[template]:
        yield f"contracts/{module}/__init__.py", "contracts_init", module
        yield f"modules/{module}/__init__.py", "module_init", module
        if tables:
            folder = f"modules/{module}/migrations"
            yield f"{folder}/__init__.py", "migrations_init", module
            yield f"{folder}/versions/__init__.py", "versions_init", module
