"""Files that operators import in tests, and what is told of them."""

from typing import Any

import pytest

from gateway.imports import operations
from gateway.imports.faults import BadRows
from gateway.imports.jobs import TAKE_IN
from gateway.imports.models import Import
from tests import shops
from tests.unchanged import nothing_changes

OFFICER = "olga@tael.example"
WHY = "From the old shop's books."
NOW = shops.instant("2026-11-10 10:00")
ORDERS = "merchant,order,buyer,amount,currency"
PAYMENTS = "merchant,order,payment,amount,currency"
CHARGES = "merchant,charge,fee,amount,currency"


def upload(kind: str, *lines: str, **said: Any) -> Import:
    """Have an officer upload a file with these lines."""
    content = "".join(f"{line}\n" for line in lines).encode()
    return upload_bytes(kind, content, **said)


def upload_bytes(kind: str, content: bytes, **said: Any) -> Import:
    """Upload a file with this content."""
    given: dict[str, Any] = {"file_name": "old.csv", "reason": WHY, "actor": OFFICER, "now": NOW}
    return operations.upload(kind=kind, content=content, **given | said)


def faults(kind: str, *lines: str) -> list[str]:
    """What is wrong with a file of these lines, of which nothing is kept."""
    return faults_of_bytes(kind, "".join(f"{line}\n" for line in lines).encode())


def faults_of_bytes(kind: str, content: bytes) -> list[str]:
    """What is wrong with a file of this content, which is refused; nothing changes."""
    with nothing_changes(), pytest.raises(BadRows) as refused:
        upload_bytes(kind, content)
    return refused.value.told()


def orders(*numbers: int, amount: str = "10.00") -> list[str]:
    """A file of orders of `rosewood`."""
    return [ORDERS, *(f"rosewood,A-{number},Somchai,{amount},USD" for number in numbers)]


def take_in() -> None:
    """Work off all imports as the job does."""
    for chunk in TAKE_IN.chunks(TAKE_IN.find(NOW)):
        assert TAKE_IN.work_off(chunk, NOW) == {}


def became(file: Import) -> list[str]:
    """What became of each row, in the order of the lines."""
    rows = file.rows.order_by("line")
    return [f"{row.line} {row.outcome} {row.code}".strip() for row in rows]


def status(file: Import) -> str:
    """The import's status, as the database has it now."""
    file.refresh_from_db()
    return str(file.status)
