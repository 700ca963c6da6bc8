"""The files of bills and statements that operators take, whoever may look at these rows."""

from collections.abc import Callable
from functools import partial
from typing import Any

from backoffice.decisions import Call, Download


def einvoices(
    model: str, operation: Callable[..., Any], key: str, is_there: Callable[[Any], bool]
) -> tuple[Download, ...]:
    """Return the downloads of a document's e-invoice in the admin, as Factur-X and as UBL, for
    operators who may look at such rows. `model` is the name of billing's model, `operation` makes
    the file of a row, whose primary key it takes as the argument called `key`, in the syntax that
    it takes as `syntax`, and `is_there` tells whether a row has the file.
    """
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
    """Return the downloads of a document's PDF and CSV file in the admin, for operators who may
    look at such rows. `model` is the name of billing's model, `is_there` tells whether a row has
    the files, and `as_pdf` and `as_csv` are the operations that make them, which take the row's
    primary key as `<model>_id`.
    """

    def taken(name: str, operation: Callable[..., Any]) -> Download:
        """The download of the file of this kind, which the operation makes."""
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
