# ruff: noqa: E501 - a row is a row
"""Every kind of change has its rule and its gravity, and every break a document that shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from amphibus.contract import Message
from amphibus.evolution.differences.rules import RULES
from amphibus.evolution.findings import Finding
from amphibus.evolution.proof.sides import tried
from tests.evolution.shop import Change, changed, findings, released

_PLACED = "    total: Money\n    currency: Currency\n    placed_at: AwareDatetime\n\n\nclass OrderConfirmed"
_PLACED_EVENT = 'class OrderPlaced(\n    Event,\n    key="order_id",'
_CONFIRMED = 'class OrderConfirmed(Event, key="order_id"'
_CANCEL = '    """Cancels an order that is still pending."""\n\n    order_id: UUID\n'
_VIEW = '    status: OrderStatus = "pending"\n    reasons: Reasons = ()\n'
_DECLINED = "    code: Annotated[str, StringConstraints(max_length=100)]\n"


@dataclass(frozen=True)
class Case:
    """One change of the shop's contracts."""

    name: str
    key: str
    severity: str
    old: type[Message]
    new: type[Message]
    found: list[Finding]

    @property
    def broken(self) -> Finding:
        """The finding that is meant."""
        (found,) = (
            each for each in self.found if each.contract == self.name and each.key == self.key
        )
        return found


def placed(new: str) -> Change:
    """The fields of the event OrderPlaced after its id."""
    return (_PLACED, f"{new}\n\nclass OrderConfirmed")


def with_field(field: str) -> Change:
    return placed(
        f"    total: Money\n    currency: Currency\n    placed_at: AwareDatetime\n{field}\n"
    )


CHANGES: dict[str, tuple[str, str, str, list[Change]]] = {
    "01 event gets an optional field": ("orders.OrderPlaced.v1", "FLD01 note", "info", [with_field("    note: ShortText | None = None")]),
    "02 event gets a required field": ("orders.OrderPlaced.v1", "FLD03 note", "error", [with_field("    note: ShortText")]),
    "03 event loses a field": ("orders.OrderPlaced.v1", "FLD05 currency", "error", [placed("    total: Money\n    placed_at: AwareDatetime\n")]),
    "04 event field renamed": ("orders.OrderPlaced.v1", "FLD08 sum", "error", [placed("    sum: Money\n    currency: Currency\n    placed_at: AwareDatetime\n")]),
    "optional field of a command renamed": ("orders.ReturnItems.v1", "FLD08 why", "error", [("    reason: LongText | None = None\n", "    why: LongText | None = None\n")]),
    "optional field of an answer renamed": ("orders.GetOrder.v1", "FLD08 answer.returned", "error", [('    refunded: Money = Decimal("0.00")', '    returned: Money = Decimal("0.00")')]),
    "optional field in a list renamed": ("orders.PlaceOrder.v1", "FLD08 lines[].title", "error", [("    description: Annotated[", "    title: Annotated["), ("    description: LongText", "    title: LongText")]),
    "optional field gets another name on the wire": ("orders.ReturnItems.v1", "FLD09 why", "error", [("    reason: LongText | None = None\n", '    reason: Annotated[LongText | None, Field(alias="why")] = None\n')]),
    "05 text becomes a number": ("payments.PaymentDeclined.v1", "TYP01 code", "error", [(_DECLINED, "    code: int\n")]),
    "06 event field may be null": ("orders.OrderPlaced.v1", "FLD13 placed_at", "error", [placed("    total: Money\n    currency: Currency\n    placed_at: AwareDatetime | None\n")]),
    "07 command gets a field with a default": ("orders.CancelOrder.v1", "FLD01 note", "info", [(_CANCEL, _CANCEL + "    note: ShortText | None = None\n")]),
    "08 command gets a required field": ("orders.CancelOrder.v1", "FLD03 note", "error", [(_CANCEL, _CANCEL + "    note: ShortText\n")]),
    "09 closed list of an event gets a value": ("orders.OrderRejected.v1", "ENM01 reasons[]", "error", [('"out_of_stock", "payment_d', '"out_of_stock", "lost", "payment_d')]),
    "10 list of an event loses a value": ("orders.OrderRejected.v1", "ENM03 reasons[]", "error", [('"out_of_stock", "payment_d', '"payment_d')]),
    "11 list of an answer loses a value": ("orders.GetOrder.v1", "ENM03 answer.reasons[]", "info", [('"out_of_stock", "payment_d', '"payment_d')]),
    "command list loses a value": ("orders.ListOrders.v1", "ENM03 status", "error", [('"rejected", "cancelled"]', '"rejected"]')]),
    "12 bound of a command tightened": ("orders.PlaceOrder.v1", "CON01 lines[].quantity", "error", [("1_000_000", "100")]),
    "max_length of a command lowered": ("orders.PlaceOrder.v1", "CON01 payment_token", "error", [("min_length=1, max_length=100", "min_length=1, max_length=40")]),
    "13 least decimal raised": ("payments.RefundPayment.v1", "CON01 amount", "error", [('minimum="0.01"', 'minimum="5.00"')]),
    "14 bound of an event loosened": ("orders.OrderConfirmed.v1", "CON02 reference", "error", [('StringConstraints(max_length=100)]\n"""A text', 'StringConstraints(max_length=200)]\n"""A text')]),
    "15 validator's body changed": ("orders.PlaceOrder.v1", "TYP10 lines", "warning", [(">= _TOO_MUCH", "> _TOO_MUCH")]),
    "15 a value that a validator uses changed": ("orders.PlaceOrder.v1", "TYP10 lines", "warning", [("** 12", "** 11")]),
    "16 strict removed": ("orders.PlaceOrder.v1", "TYP09 lines[].quantity", "warning", [("strict=True, ", "")]),
    "17 key of an event changed": ("orders.OrderConfirmed.v1", "MSG11", "error", [(_CONFIRMED, 'class OrderConfirmed(Event, key="reference"')]),
    "18 key of an event removed": ("orders.OrderConfirmed.v1", "MSG11", "error", [(_CONFIRMED, "class OrderConfirmed(Event")]),
    "17 key of a command changed": ("orders.ReturnItems.v1", "MSG11", "warning", [('Command[ReturnAccepted],\n    key="order_id"', 'Command[ReturnAccepted],\n    key="return_id"')]),
    "19 path changed": ("orders.PlaceOrder.v1", "MSG06", "error", [('"/v1/orders",\n        stored', '"/v1/order",\n        stored')]),
    "20 route removed": ("orders.CancelOrder.v1", "MSG06", "error", [('    http=Post("/v1/orders/{order_id}/cancel", summary="Cancel an order that is still pending"),\n', "")]),
    "21 status changed": ("orders.PlaceOrder.v1", "MSG06", "error", [("status=202", "status=201")]),
    "22 stored becomes decided": ("orders.PlaceOrder.v1", "MSG12", "error", [("        stored=True,\n", "")]),
    "23 Location removed": ("orders.PlaceOrder.v1", "MSG06", "warning", [('        location="/v1/orders/{order_id}",\n', "")]),
    "23 outcome removed": ("orders.PlaceOrder.v1", "MSG06", "warning", [("follows=(OrderConfirmed, OrderRejected)", "follows=(OrderConfirmed,)")]),
    "24 mark of personal data removed": ("orders.PlaceOrder.v1", "MSG18 customer.email", "error", [("Annotated[EmailAddress, _CONTACT]", "EmailAddress")]),
    "24 mark removed from an answer": ("orders.GetOrder.v1", "MSG18 answer.customer.email", "error", [("StringConstraints(max_length=254), _CONTACT]", "StringConstraints(max_length=254)]")]),
    "25 mark of personal data added": ("orders.PlaceOrder.v1", "MSG18 reference", "warning", [("    reference: ShortText | None = None", '    reference: Annotated[ShortText | None, Personal("identity")] = None')]),
    "26 refusal removed": ("orders.PlaceOrder.v1", "MSG09", "error", [('"order_exists": 409,', "")]),
    "27 status of a refusal changed": ("orders.PlaceOrder.v1", "MSG09", "error", [('"order_exists": 409', '"order_exists": 400')]),
    "28 refusal added": ("orders.PlaceOrder.v1", "MSG09", "warning", [('"order_exists": 409', '"order_exists": 409, "closed": 409')]),
    "30 event becomes a command": ("orders.OrderConfirmed.v1", "MSG04", "error", [(_CONFIRMED, 'class OrderConfirmed(Command[None], key="order_id"')]),
    "32 default changed": ("orders.ListOrders.v1", "FLD12 limit", "warning", [("le=200)] = 50", "le=200)] = 20")]),
    "33 default of a command removed": ("orders.ListOrders.v1", "FLD10 limit", "error", [("le=200)] = 50", "le=200)]")]),
    "34 field of an answer removed": ("orders.GetOrder.v1", "FLD06 answer.reasons", "warning", [(_VIEW, '    status: OrderStatus = "pending"\n')]),
    "34 required field of an answer removed": ("inventory.GetStock.v1", "FLD05 answer.reserved", "error", [("    reserved: Stock\n", "")]),
    "35 field of an answer added": ("inventory.GetStock.v1", "FLD03 answer.damaged", "info", [("    reserved: Stock\n", "    reserved: Stock\n    damaged: Stock\n")]),
    "36 docstring changed": ("orders.CancelOrder.v1", "FLD17", "info", [("Cancels an order that", "Cancels any order that")]),
    "37 name on the wire added": ("orders.OrderPlaced.v1", "FLD09 sum", "error", [placed('    total: Annotated[Money, Field(alias="sum")]\n    currency: Currency\n    placed_at: AwareDatetime\n')]),
    "37 name on the wire added to a command": ("orders.CancelOrder.v1", "FLD09 id", "error", [(_CANCEL, _CANCEL.replace("order_id: UUID", 'order_id: Annotated[UUID, Field(alias="id")]'))]),
    "38 unknown fields forbidden": ("orders.OrderPlaced.v1", "FLD16", "error", [(_PLACED_EVENT, _PLACED_EVENT.replace("Event,", 'Event, extra="forbid",'))]),
    "38 unknown fields forbidden inside": ("orders.OrderConfirmed.v1", "FLD16 customer", "error", [("class CustomerOnRecord(Value):", 'class CustomerOnRecord(Value, extra="forbid"):')]),
    "38 unknown fields of a command forbidden": ("payments.RefundPayment.v1", "FLD16", "warning", [("class RefundPayment(\n    Command[None],", 'class RefundPayment(\n    Command[None],\n    extra="forbid",')]),
    "39 zone no longer needed": ("orders.OrderPlaced.v1", "TYP04 placed_at", "error", [("from decimal", "from datetime import datetime\nfrom decimal"), placed("    total: Money\n    currency: Currency\n    placed_at: datetime\n")]),
    "40 UUID becomes text": ("orders.OrderPlaced.v1", "TYP04 order_id", "error", [('    """An order has arrived and is pending."""\n\n    order_id: UUID', '    """An order has arrived and is pending."""\n\n    order_id: str')]),
    "41 scale of a decimal raised": ("orders.OrderPlaced.v1", "TYP04 total", "error", [placed("    total: UnitPrice\n    currency: Currency\n    placed_at: AwareDatetime\n")]),
    "42 decimal becomes a float": ("orders.OrderPlaced.v1", "TYP04 total", "error", [placed("    total: float\n    currency: Currency\n    placed_at: AwareDatetime\n")]),
    "one value becomes a list": ("orders.OrderPlaced.v1", "TYP05 currency", "error", [placed("    total: Money\n    currency: tuple[Currency, ...]\n    placed_at: AwareDatetime\n")]),
    "field of a command with a route removed": ("orders.ReturnItems.v1", "FLD07 reason", "error", [("    reason: LongText | None = None\n", "")]),
    "field of a query with a route removed": ("orders.ListOrders.v1", "FLD07 status", "error", [("    status: OrderStatus | None = None\n", "")]),
    "required field of a command removed": ("payments.AuthorizePayment.v1", "FLD05 currency", "warning", [("    currency: Currency\n    payment_token", "    payment_token")]),
    "pattern changed": ("orders.PlaceOrder.v1", "CON03 payment_token", "error", [(r"^[\x21-\x7e]+$", r"^[a-z]+$")]),
    "pattern widened": ("orders.PlaceOrder.v1", "CON03 payment_token", "warning", [(r"^[\x21-\x7e]+$", r"^[\x20-\x7e]+$")]),
}  # fmt: skip


@pytest.fixture(scope="module", params=CHANGES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One change, with everything that is found about it."""
    type_, key, severity, changes = CHANGES[request.param]
    module = type_.split(".")[0]
    old, new = released(module), changed(module, tmp_path_factory.mktemp("page"), *changes)
    return Case(type_, key, severity, old[type_], new[type_], findings(old, new))


def test_each_kind_of_change_has_its_rule_and_its_gravity(case: Case) -> None:
    found = {(each.key, each.severity) for each in case.found if each.contract == case.name}
    assert (case.key, case.severity) in found, found


def test_each_break_has_a_document_that_people_can_read(case: Case) -> None:
    if case.severity == "error":
        assert case.broken.document is not None
        assert case.broken.refusal
        assert case.broken.instead


def test_a_document_is_written_by_one_class_and_refused_or_cut_by_the_other(case: Case) -> None:
    """Both are asked anew here: what the finding says is not believed."""
    if case.severity != "error" or case.key.startswith("MSG"):
        return
    broken = case.broken
    assert broken.tried
    assert not broken.on_paper
    over_http = "the gateway with" in broken.tried
    models = [
        each if broken.part == "payload" else each.answer_type() for each in (case.old, case.new)
    ]
    trials = [tried(each, broken.document, over_http=over_http) for each in models if each]
    if broken.becomes is None:
        assert sorted(each.refusal is not None for each in trials) == [False, True]
    else:
        said, left = (set(_texts(each)) for each in (broken.document, broken.becomes))
        assert [each.refusal for each in trials] == [None, None]
        assert broken.becomes in [each.emitted for each in trials]
        assert said - left
        assert broken.refusal.endswith(" is lost")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    else:
        yield str(value)


def test_the_same_contracts_have_no_findings() -> None:
    for module in ("catalog", "inventory", "notifications", "orders", "payments", "reporting"):
        assert findings(released(module), released(module)) == []


def test_every_rule_says_what_it_is_and_what_to_do_instead() -> None:
    for name, rule in RULES.items():
        assert rule.id == name
        assert rule.title
        assert rule.instead
        assert set(rule.severities) <= set("EWI")
