"""What the contracts say on the wire is committed beside them, so that a change of one is seen in a review."""

from pathlib import Path

import pytest

from amphibus.routing.contract_lock import locks, stale_locks, write_locks
from amphibus.routing.project import Project
from contracts.orders import v1 as orders

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project() -> Project:
    return Project.find(ROOT)


def test_every_lock_says_what_its_contracts_say(project: Project) -> None:
    """Fails when a contract was changed and `amphibus check --fix` was not run."""
    assert stale_locks(project.root, project.contracts) == []


def test_a_lock_that_was_edited_or_left_behind_is_found(tmp_path: Path, project: Project) -> None:
    for path in locks(project.contracts.values()):
        (tmp_path / path).parent.mkdir(parents=True)
    write_locks(tmp_path, project.contracts)
    edited = tmp_path / "contracts/orders/v1.lock.json"
    edited.write_text(edited.read_text().replace("PlaceOrder", "PutOrder"))
    left = tmp_path / "contracts/orders/v7.lock.json"
    left.write_text("{}")

    assert stale_locks(tmp_path, project.contracts) == [
        edited.relative_to(tmp_path),
        left.relative_to(tmp_path),
    ]
    write_locks(tmp_path, project.contracts)
    assert stale_locks(tmp_path, project.contracts) == []
    assert not left.exists()


def test_a_lock_names_personal_data_refusals_and_the_key() -> None:
    """They are part of what a contract promises, and JSON Schema alone does not say them."""
    (text,) = locks([orders.PlaceOrder]).values()

    assert '"customer.email": "contact"' in text
    assert '"key": "order_id"' in text
    assert '"http": "POST /v1/orders"' in text
