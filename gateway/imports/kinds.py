"""What can be imported: for each kind the event type that a row becomes, and its members."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ConfigDict

from gateway.roles import BY_BILLING_OFFICERS, BY_CREDIT_OFFICERS
from lib.event_fields import Data, EmailAddress, Instant, Reference
from lib.events import type_named

ENVELOPE = ("merchant", "at", "owner_email")  # what a row says beside the data of its event
INTEGER = re.compile(r"[+-]?[0-9]{1,9}")


STRICT = ConfigDict(extra="forbid", frozen=True)


class _Row(Data):
    """The members that a row of any kind has. Without `at`, the row's event happened when the file
    was uploaded.
    """

    merchant: Reference
    at: Instant | None = None


class _FoundingRow(_Row):
    """The members of a row that brings in a merchant: it may name the first owner to invite."""

    owner_email: EmailAddress | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of rows. Its members are those of the event type, which its book defines, and those
    of `_Row`.
    """

    code: str
    label: str
    event_type: str
    reference: str  # the member by which the row is known, beside its merchant
    permission: str  # that the operator needs who imports it: such rows move limits or money
    founds: bool = False  # whether its merchants are not there before
    amount_is_positive: bool = False  # a charge may be of 0

    @cached_property
    def model(self) -> type[Data]:
        """The pydantic class that checks a row, and refuses members that it does not know. Raises
        LookupError if the event type is not registered.
        """
        found = type_named(self.event_type)
        if found is None:
            raise LookupError(f"there is no event type {self.event_type}")
        said = {"__doc__": found.summary, "model_config": STRICT}
        row = _FoundingRow if self.founds else _Row
        return type(f"{self.code.title()}Row", (found.data, row), said)

    @property
    def required(self) -> list[str]:
        """The names of the members that every row must have."""
        return [name for name, one in self.model.model_fields.items() if one.is_required()]

    @property
    def optional(self) -> list[str]:
        """The names of the members that a row may leave out."""
        return [name for name, one in self.model.model_fields.items() if not one.is_required()]

    @property
    def example(self) -> dict[str, Any]:
        """A row that could be: the example of the event type's data, with a merchant."""
        found = type_named(self.event_type)
        assert found is not None
        return {"merchant": "rosewood"} | found.example

    @cached_property
    def _integers(self) -> set[str]:
        """The names of the members that are whole numbers in JSON."""
        schema = self.model.model_json_schema(mode="validation")
        return {name for name, one in schema["properties"].items() if _is_integer(one)}

    def from_cells(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """The members of a row of CSV cells: empty cells are left out, and the cells of members
        that are whole numbers become numbers if they are written so. Others stay texts.
        """
        return {
            name: int(cell) if name in self._integers and INTEGER.fullmatch(cell) else cell
            for name, cell in cells.items()
            if cell
        }


def _is_integer(schema: Mapping[str, Any]) -> bool:
    """Whether a member with this JSON schema is a whole number, or null."""
    kinds = {one.get("type") for one in schema.get("anyOf", [schema])}
    return kinds - {"null"} == {"integer"}


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            "MERCHANTS",
            "Merchants",
            "merchant.joined",
            "merchant",
            BY_CREDIT_OFFICERS,
            founds=True,
        ),
        Kind(
            "ORDERS",
            "Orders",
            "order.placed",
            "order",
            BY_CREDIT_OFFICERS,
            amount_is_positive=True,
        ),
        Kind("CHARGES", "Charges", "charge.recorded", "charge", BY_BILLING_OFFICERS),
        Kind(
            "PAYMENTS",
            "Payments",
            "order.paid",
            "payment",
            BY_CREDIT_OFFICERS,
            amount_is_positive=True,
        ),
    )
}
CHOICES = [(kind.code, kind.label) for kind in KINDS.values()]
