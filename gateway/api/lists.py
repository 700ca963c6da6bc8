"""Lists by cursor: newest first, a page at a time, each costing the same however far down it is.

Which columns an answer has is what the books' own document has of such a row (docs/books.md); the
models from which the API describes itself are made of the same columns.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from django.db.models import Field as Column
from django.db.models import Model, Q, QuerySet
from django.db.models import fields as columns
from ninja import Query
from pydantic import BaseModel, ConfigDict, ValidationInfo, create_model, model_validator
from pydantic import Field as Described

from gateway.api import instants
from gateway.api.problems import Problem
from lib.event_fields import Instant
from lib.fields import AmountField
from merchants.books import Row, Table, as_json, plain

LONGEST_KEY = 18  # digits


class Asked(BaseModel):
    """Which page of a list, and of which rows."""

    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Described(ge=1, le=100, description="Rows of a page at most.")] = 20
    cursor: Annotated[
        str | None, Described(max_length=100, description="`next` of the page before.")
    ] = None
    changed_since: Annotated[
        Instant | None, Described(description="Only rows that were written or changed since.")
    ] = None

    @model_validator(mode="after")
    def _knows_all(self, asked: ValidationInfo) -> Self:
        """Raise Problem for a parameter that the list does not have: a misspelt one would be
        answered with other rows than were meant. django-ninja hands over known ones alone, so
        they are looked for in the request.
        """
        request = (asked.context or {}).get("request")
        for name in request.GET if request else ():
            if name not in type(self).model_fields:
                raise Problem(
                    422, "invalid", f"There is no parameter {name[:100] or 'without name'}."
                )
        return self


Paged = Annotated[Asked, Query(...)]


@dataclass(frozen=True)
class Listing:
    """One kind of rows, as the API tells them.

    `since` says which rows changed at or after an instant. `owner` is the column with the
    merchant's key.
    """

    name: str
    model: type[Model]
    table: Table
    owner: str
    since: Callable[[datetime], Q]
    but: str = ""  # names of the table that are not told
    answer: type[BaseModel] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", _model_of(self))

    @property
    def columns(self) -> dict[str, str]:
        """The columns that the API shows, each with its path in Django's queries: those of the
        books' own table (`table`), but for the names in `but` and those that begin with "_", which
        are keys.
        """
        left_out = self.but.split()
        told = self.table.columns.items()
        return {name: path for name, path in told if name[0] != "_" and name not in left_out}

    @property
    def page(self) -> type[BaseModel]:
        """The pydantic model of a page of such rows: the rows, and the cursor of the next page."""
        return create_model(
            f"{self.name}Page",
            __doc__=f"A page of {self.name} rows, newest first.",
            rows=(list[self.answer], ...),  # type: ignore[name-defined]
            next=(str | None, Described(description="The cursor of the next page; null: none.")),
        )

    def read(
        self, merchant_id: int, currency: str, asked: Asked, which: Q | None = None
    ) -> dict[str, Any]:
        """The page that is asked for of the merchant's rows that meet `which` and, if `asked` says
        so, were written or changed since an instant, as `page` describes it: newest first, amounts
        in the currency. Raises Problem (400) for a cursor that is none.
        """
        found = self.model._default_manager.filter(**{self.owner: merchant_id})
        if which is not None:
            found = found.filter(which)
        if asked.changed_since is not None:
            found = found.filter(self.since(asked.changed_since))
        if asked.cursor is not None:
            found = found.filter(pk__lt=_key_in(asked.cursor))
        rows = list(self._rows(found.order_by("-pk")[: asked.limit + 1], currency))
        shown, has_more = rows[: asked.limit], len(rows) > asked.limit
        return {
            "rows": [row for _key, row in shown],
            "next": _cursor(shown[-1][0]) if has_more else None,
        }

    def one(self, merchant_id: int, currency: str, which: Q) -> Row | None:
        """The merchant's row that meets `which`, by column, with amounts in the currency; any one
        of them if several do, and None if there is none.
        """
        found = self.model._default_manager.filter(which, **{self.owner: merchant_id})
        return next((row for _key, row in self._rows(found[:1], currency)), None)

    def _rows(self, found: "QuerySet[Any]", currency: str) -> Iterable[tuple[int, Row]]:
        """Yield the primary key of each row, and its values as the API shows them, by column."""
        plain_names = self.table.plain.split()
        for key, *values in found.values_list("pk", *self.columns.values()):
            named = zip(self.columns, values, strict=True)
            yield (
                key,
                {
                    name: _told(value, currency, is_plain=name in plain_names)
                    for name, value in named
                },
            )


def _told(value: Any, currency: str, *, is_plain: bool) -> Any:
    """A value of a row as the API shows it: an instant as text in UTC, a figure as text without
    exponent if `is_plain`, an amount with the digits of the currency, and others as JSON has them.
    """
    if isinstance(value, datetime):
        return instants.text(value)
    if is_plain and value is not None:
        return plain(value)
    return as_json(value, currency)


def page_of(found: "QuerySet[Any]", asked: Asked) -> tuple[list[Any], str | None]:
    """The rows of the page that is asked for, newest first, and the cursor of the next page; None
    for the last one.

    `changed_since` is up to the caller. Raises Problem (400) for a cursor that is none.
    """
    if asked.cursor is not None:
        found = found.filter(pk__lt=_key_in(asked.cursor))
    rows = list(found.order_by("-pk")[: asked.limit + 1])
    shown, has_more = rows[: asked.limit], len(rows) > asked.limit
    return shown, _cursor(shown[-1].pk) if has_more else None


def _cursor(key: int) -> str:
    """The cursor for the rows with lower primary keys than this one."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def _key_in(cursor: str) -> int:
    """The primary key in a cursor. Raises Problem (400) if it is none of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY):
        raise Problem(400, "bad_request", "The cursor is none that we gave.")
    return int(text)


def _model_of(listing: Listing) -> type[BaseModel]:
    """Make the pydantic model of a row of the listing, whose members are its columns."""
    fields: dict[str, Any] = {}
    for name, path in listing.columns.items():
        column, is_optional = _column_at(listing.model, path)
        is_plain = name in listing.table.plain.split()
        kind = _type_of(column, is_plain)
        fields[name] = (kind | None if is_optional else kind, ...)
    return create_model(listing.name, **fields)


def _column_at(model: type[Model], path: str) -> tuple[Column[Any, Any], bool]:
    """The model's column at the end of the path of Django's queries, and whether a row may have
    nothing there.
    """
    is_optional = False
    *steps, last = path.split("__")
    for step in steps:
        relation = model._meta.get_field(step)
        is_optional = is_optional or bool(relation.null)
        related = relation.related_model
        assert isinstance(related, type)
        model = related
    column: Any = next(
        one for one in model._meta.get_fields() if last in (one.name, getattr(one, "attname", ""))
    )
    if column.is_relation and last != column.name:
        column_null, column = column.null, column.target_field
        return column, is_optional or column_null
    return column, is_optional or column.null or bool(column.blank)


def _type_of(column: Column[Any, Any], is_plain: bool) -> Any:
    """The type of the column's values as the API shows them: a choice of texts, an amount or plain
    figure (`is_plain`) as text, or by the kind of the column.
    """
    if column.choices and isinstance(column, columns.CharField):
        return Literal[tuple(str(value) for value, _label in column.flatchoices)]
    if isinstance(column, AmountField) or is_plain:
        return Annotated[str, Described(examples=["129.90"])]
    kinds: Mapping[type, Any] = {
        columns.DateTimeField: Annotated[str, Described(json_schema_extra={"format": "date-time"})],
        columns.DateField: Annotated[str, Described(json_schema_extra={"format": "date"})],
        columns.BooleanField: bool,
        columns.IntegerField: int,
        columns.CharField: str,
        columns.TextField: str,
    }
    for kind, answer in kinds.items():
        if isinstance(column, kind):
            return answer
    return Any
