"""The rules of structure: what every contract says about itself."""

import ast
import inspect
import sys
from collections.abc import Iterator
from typing import Final

from pydantic import RootModel

from amphibus.evolution.proof.sides import tried
from amphibus.lint.rule import Problem, rule
from amphibus.lint.subject import Subject

_LONGEST_SUMMARY: Final = 120
_KNOWN_EXTRA: Final = frozenset({
    "pattern", "format", "examples", "description", "deprecated",
    "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
})  # fmt: skip


@rule(
    "L020",
    "error",
    "A contract says in one line what it means",
    why="The line stands in every list of contracts, in OpenAPI and in AsyncAPI.",
    fix="Begin the docstring with one sentence of at most 120 characters.",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
    passes='''
        class OrderPlaced(Event, key="order_id"):
            """An order has arrived."""

            order_id: UUID
        ''',
)
def _summary(subject: Subject) -> Iterator[Problem]:
    first = (subject.contract.__doc__ or "").strip().splitlines()[:1]
    if not first:
        yield "", "it has no docstring"
    elif len(first[0]) > _LONGEST_SUMMARY:
        yield "", f"the first line of its docstring has {len(first[0])} characters"


@rule(
    "L021",
    "off",
    "Every field is described",
    why="The name of a field does not say its unit, its range or who decides it.",
    fix="Annotate it with Field(description=...).",
    fails="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: Annotated[UUID, Field(description="Chosen by whoever placed it.")]
        """,
)
def _described(subject: Subject) -> Iterator[Problem]:
    for each in subject.fields:
        if not each.place.schema.get("description"):
            yield each.where, "it is not described"


@rule(
    "L022",
    "error",
    "A contract has an example, and it is right",
    why="People copy the example first; documents and counterexamples are made of it.",
    fix="Give the class keyword example={...}, complete and valid.",
    fails="""
        class OrderPlaced(Event, key="order_id", example={"order_id": "one"}):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id", example={"order_id": "74eda2bf-2087-5bfc-aaaf-7ff4216c8a87"}):
            order_id: UUID
        """,
)
def _example(subject: Subject) -> Iterator[Problem]:
    example = subject.contract.contract_example
    if example is None:
        yield "", "it has no example"
        return
    refusal = tried(subject.contract, dict(example)).refusal
    if refusal is not None:
        yield "", f"its own class refuses its example: {refusal}"


@rule(
    "L023",
    "error",
    "A message is an object",
    why="Only an object can get a further field later.",
    fix="Declare fields, one of them for the list.",
    fails="""
        class Skus(Value, RootModel[tuple[Sku, ...]]):
            model_config = {"extra": None}


        class ListSkus(Query[Skus]):
            pass
        """,
    passes="""
        class Skus(Value):
            items: tuple[Sku, ...]


        class ListSkus(Query[Skus]):
            pass
        """,
)
def _objects(subject: Subject) -> Iterator[Problem]:
    for part, model in subject.models:
        if issubclass(model, RootModel):
            yield "" if part == "payload" else part, f"{model.__name__} is no object"


@rule(
    "L024",
    "error",
    "Contracts import nothing of modules",
    why="Whoever sends a message needs its contract, and must not need the code behind it.",
    fix="Move what is shared into the contract, or out of it.",
    fails="""
        from modules.orders import models


        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
    passes="""
        class OrderPlaced(Event, key="order_id"):
            order_id: UUID
        """,
)
def _imports(subject: Subject) -> Iterator[Problem]:
    for name in sorted(_imported(subject.contract.__module__)):
        top, *rest = name.split(".")
        other = rest[0] if rest else ""
        if top == "modules" or (
            top == "contracts" and other not in ("", subject.contract.contract_owner)
        ):
            yield "", f"its file imports {name}"


def _imported(module: str) -> set[str]:
    page = sys.modules.get(module)
    try:
        text = "" if page is None else inspect.getsource(page)
    except (OSError, TypeError):
        return set()
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@rule(
    "L033",
    "error",
    "A schema says nothing that nobody knows",
    why="A misspelt keyword is a bound that does not hold.",
    fix="Use the keywords of JSON Schema, or begin your own with x-.",
    fails="""
        class PlaceOrder(Command[None], key="order_id"):
            order_id: Annotated[UUID, Field(json_schema_extra={"patern": "^a"})]
        """,
    passes="""
        class PlaceOrder(Command[None], key="order_id"):
            order_id: Annotated[UUID, Field(json_schema_extra={"x-owner": "us"})]
        """,
)
def _known_keywords(subject: Subject) -> Iterator[Problem]:
    for part, model in subject.models:
        for name, info in model.model_fields.items():
            extra = info.json_schema_extra
            for keyword in extra if isinstance(extra, dict) else ():
                if keyword not in _KNOWN_EXTRA and not keyword.startswith("x-"):
                    where = name if part == "payload" else f"answer.{name}"
                    yield where, f"no reader of schemas knows {keyword}"
