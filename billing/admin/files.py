"""The files of bills and statements that operators take, whoever may look at these rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

from backoffice.decisions import Call, Download


def einvoices(
    model: str, operation: Callable[..., Any], key: str, is_there: Callable[[Any], bool]
) -> tuple[Download, ...]:
    """The files of an e-invoice, as the merchant gets them; the operation calls its key `key`."""
    return tuple(
        Download(
            f"xml-{syntax}",
            f"XML ({title})",
            is_there=is_there,
            effect=lambda row: (
                "The file is as the merchant gets it. That you took it, and why, is on the trail."
            ),
            content=Call(partial(operation, syntax=syntax), key),
            permission=f"billing.view_{model}",
        )
        for syntax, title in (("factur-x", "Factur-X"), ("ubl", "UBL"))
    )


def of_merchant(
    model: str,
    *,
    is_there: Callable[[Any], bool],
    as_pdf: Callable[..., Any],
    as_csv: Callable[..., Any],
) -> tuple[Download, Download]:
    """The PDF and the CSV file of a row of billing's `model`, as the merchant gets them; both
    operations call its key `<model>_id`.
    """

    def taken(name: str, operation: Callable[..., Any]) -> Download:
        return Download(
            name,
            name.upper(),
            is_there=is_there,
            effect=lambda row: (
                "The file is as the merchant gets it. That you took it, and why, is on the trail."
            ),
            content=Call(operation, f"{model}_id"),
            permission=f"billing.view_{model}",
        )

    return taken("pdf", as_pdf), taken("csv", as_csv)
