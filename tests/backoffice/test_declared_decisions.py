"""Decisions that only name their operation hand it what it takes."""

import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib import admin

from backoffice.decision_pages import Deciding
from backoffice.decisions import Call, Decision, Download, Reasoned
from lib.amount_fields import OneCurrencyField


def declared() -> Iterator[tuple[str, Call, type[Any], bool]]:
    """Each decision or download that a Call carries out, its form, and whether it has a row."""
    for model, pages in admin.site._registry.items():
        if not isinstance(pages, Deciding):
            continue
        of_rows: list[Decision | Download] = [*pages.decisions, *pages.downloads]
        of_lists: list[Decision | Download] = [*pages.list_decisions]
        own = [(one, True) for one in of_rows] + [(one, False) for one in of_lists]
        for one, has_row in own:
            call = one.carry_out if isinstance(one, Decision) else one.content
            form = one.form if isinstance(one, Decision) else Reasoned
            if isinstance(call, Call):
                yield f"{model._meta.label_lower} {one.name}", call, form, has_row


def test_most_decisions_name_their_operation() -> None:
    assert len(list(declared())) >= 45


@pytest.mark.parametrize(
    ("call", "form", "has_row"), [pytest.param(*rest, id=name) for name, *rest in declared()]
)
def test_an_operation_takes_what_its_decision_has(
    call: Call, form: type[Any], has_row: bool
) -> None:
    fields = {call.renamed.get(name, name) for name in form.base_fields}
    given = [*fields, *call.columns, *filter(None, [call.key]), "actor", "now"]
    assert len(given) == len(set(given))  # none of them hides another
    inspect.signature(call.operation).bind(**dict.fromkeys(given))
    amounts = [one for one in form.base_fields.values() if isinstance(one, OneCurrencyField)]
    assert has_row or not (call.key or call.columns or amounts)


@pytest.mark.parametrize(
    ("call", "form", "has_row"), [pytest.param(*rest, id=name) for name, *rest in declared()]
)
def test_an_operation_gets_its_actor_as_it_takes_it(
    call: Call, form: type[Any], has_row: bool
) -> None:
    operation = call.operation.func if isinstance(call.operation, partial) else call.operation
    wanted = inspect.signature(operation).parameters["actor"].annotation
    assert (wanted is not str) == call.takes_person
