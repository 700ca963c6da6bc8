"""Times in the admin: in the time zone that the operator chose, and labelled with it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import DateTimeField, Model
from django.http import HttpRequest
from django.utils import timezone


def zone_name() -> str:
    """The name of the time zone that is active, which is the operator's while a page of the admin
    is made.
    """
    return timezone.get_current_timezone_name()


def label(instant: datetime) -> str:
    """What a clock that shows this instant in the operator's time zone is labelled with: the zone's
    abbreviation, or its offset where it has none.
    """
    return f"{timezone.localtime(instant):%Z}"


def in_words(instant: datetime) -> str:
    """The instant in the time zone of the admin, as a sentence has it, such as "02 November 2026,
    17:00 +07".
    """
    return f"{timezone.localtime(instant):%d %B %Y, %H:%M} {label(instant)}"


def in_short(instant: datetime) -> str:
    """The instant, in the time zone of the admin, as a list of what happened has it, such as "02
    Nov 2026, 17:00 +07".
    """
    return f"{timezone.localtime(instant):%d %b %Y, %H:%M} {label(instant)}"


def to_the_second(instant: datetime) -> str:
    """The instant to the second in the time zone of the admin, such as "2026-11-02 17:00:31
    +07".
    """
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M:%S} {label(instant)}"


def shown(instant: datetime | None) -> str:
    """The instant to the minute in the time zone of the admin, such as "2026-11-02 17:00 +07"; "-"
    for none.
    """
    if instant is None:
        return "-"
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M} {label(instant)}"


def column(model: type[Model], name: str) -> Callable[[Any], str]:
    """A list column that shows the instant in the model's field of this name, labelled with the
    operator's time zone, and sorts by it.
    """
    field = model._meta.get_field(name)

    @admin.display(description=str(getattr(field, "verbose_name", name)), ordering=name)
    def instant(row: Any) -> str:
        """The row's instant, in the time zone of the admin."""
        return shown(getattr(row, name))

    instant.__name__ = name
    instant.instant_of = name  # type: ignore[attr-defined]
    return instant


def labelled(model: type[Model], names: Any) -> list[Any]:
    """The columns or fields of `names`, also within nested lists, with a column in place of
    each name of an instant of the model. That column keeps its heading, and shows the
    instant in the operator's time zone with the zone's label behind it, such as "2026-11-02
    17:00 +07".
    """
    instants = {
        field.name for field in model._meta.concrete_fields if isinstance(field, DateTimeField)
    }
    return [
        labelled(model, name)
        if isinstance(name, (list, tuple))
        else (column(model, name) if isinstance(name, str) and name in instants else name)
        for name in names
    ]


def is_asked(request: HttpRequest, dated: str) -> bool:
    """Whether the address of a list asks for days of the list's column `dated`."""
    return bool(dated) and any(request.GET.get(f"{dated}_{end}") for end in ("from", "to"))
