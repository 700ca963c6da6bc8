"""A decision of the admin, with what it leaves on the trail."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import WHY
from tests.shops import Shop

FORM = {"request_key": "form-9", **WHY}
TOLD = {"told": "We have looked at it."}  # what the merchant reads


@dataclass(frozen=True)
class Case:
    model: str
    name: str  # of the decision
    row: Callable[[Shop], Model] | None  # it is about; None: about none, or several
    said: dict[str, Any]
    told: list[tuple[str, str, dict[str, Any], dict[str, Any]]]  # {row…} stands for what it is of
    join: Callable[[], Shop] = field(kw_only=True, default=billing.join)
    reason: str = field(kw_only=True, default=WHY["reason"])
    of_merchant: bool = field(kw_only=True, default=True)
    acts_again: bool = field(kw_only=True, default=False)  # as often as the form is sent

    def __str__(self) -> str:
        return f"{self.model}-{self.name}"


def status(before: str, after: str, **both: str) -> tuple[dict[str, str], dict[str, str]]:
    """What stands before and after a change of status, with what is the same in both."""
    return {"status": before} | both, {"status": after} | both


def proceeds(before: str, after: str) -> tuple[dict[str, str], dict[str, str]]:
    """What stood in the proceeds, and does now."""
    return {"proceeds": f"{before} USD"}, {"proceeds": f"{after} USD"}


def step(
    statuses: tuple[str, str], figures: tuple[str, str], **more: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The values before and after a step of a withdrawal."""
    before, after = proceeds(*figures)
    return {"status": statuses[0]} | before, {"status": statuses[1]} | after | more


def changed(name: str, before: object, after: object, **more: str) -> Any:
    """What stands before and after a change, and what only stands after it."""
    return {name: before}, {name: after} | more
