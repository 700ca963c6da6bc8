"""Checks that the database has the constraints, foreign keys and triggers that the models declare.

A constraint that is in place and validated holds for every row, so the audit need not look at the
rows. If one is missing or not validated, the rows that it would refuse are listed. A trigger judges
changes and not rows, so other checks look at what it protects.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import (
    BaseConstraint,
    CheckConstraint,
    Count,
    ForeignKey,
    Model,
    QuerySet,
    UniqueConstraint,
)
from pgtrigger import Trigger

from lib import cells
from lib.audit import MOST_LISTED, Reading, Violation
from merchants.models import Merchant

# Valid constraints and unique indexes by table and name. Foreign keys, and unique indexes of one
# column, also by their column, since the models give them no name.
IN_PLACE = """
SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE convalidated
UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text
FROM pg_index WHERE indisunique AND indisvalid
UNION ALL SELECT conrelid::regclass::text, 'foreign key ' || attname
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
WHERE contype = 'f' AND convalidated
UNION ALL SELECT indrelid::regclass::text, 'unique ' || attname
FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
WHERE indisunique AND indisvalid AND indnkeyatts = 1 AND indpred IS NULL
"""
Rows = Callable[[], list[Model]]

# Triggers that are disabled, those of foreign keys and deferred constraints included.
SWITCHED_OFF = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger
WHERE tgenabled NOT IN ('O', 'A') AND tgrelid::regclass::text = ANY(%s) ORDER BY 1, 2
"""

# The digest of each trigger's text, as pgtrigger wrote it down when it made the trigger. Asked for
# one by one, as pgtrigger asks, they would take longer than all other checks of small books.
TRIGGERS = """
SELECT tgrelid::regclass::text, tgname, obj_description(oid, 'pg_trigger') FROM pg_trigger
WHERE NOT tgisinternal
"""


def _check(_now: datetime) -> Iterator[Violation | None]:
    """Yield None for each constraint, foreign key and trigger that is in place, and violations for
    each that is not. Triggers that are switched off are violations, too.
    """
    models = [model for model in apps.get_models() if model._meta.managed]
    with connection.cursor() as cursor:
        cursor.execute(IN_PLACE)
        there = set(cursor.fetchall())
        cursor.execute(SWITCHED_OFF, [[model._meta.db_table for model in models]])
        off = cursor.fetchall()
        cursor.execute(TRIGGERS)
        written = {(table, name): digest for table, name, digest in cursor.fetchall()}
    for model in models:
        table = model._meta.db_table
        for name, rows in _declared(model):
            yield from _violations(model, name, (table, name) in there, rows)
        for trigger in getattr(model._meta, "triggers", ()):
            is_there = written.get((table, trigger.get_pgid(model))) == _digest(trigger, model)
            yield from _violations(model, f"trigger {trigger.name}", is_there, lambda: [])
    for table, name in off:
        yield Violation("", f"{table}: trigger {name}", "on", "switched off")


@cache
def _digest(trigger: Trigger, model: type[Model]) -> str:
    """The digest of the trigger's text, as the model declares it."""
    return str(trigger.compile(model).hash)  # type: ignore[arg-type]  # it takes a model's class


def _declared(model: type[Model]) -> Iterator[tuple[str, Rows]]:
    """Yield (name, function) for each constraint, unique column and foreign key of the model that
    the database is to have; the function finds rows that break it. Where there are cells, foreign
    keys of LEAD_ELSEWHERE, which lead out of the cell, are left out.
    """
    for constraint in model._meta.constraints:
        yield constraint.name, partial(_broken, model, constraint)
    for field in model._meta.local_fields:
        if field.unique:
            unique = UniqueConstraint(fields=[field.name], name=field.name)
            yield f"unique {field.column}", partial(_repeated, model, unique)
        is_held = not (cells.are_on() and field.name in getattr(model, "LEAD_ELSEWHERE", ()))
        if isinstance(field, ForeignKey) and field.db_constraint and is_held:  # type: ignore[attr-defined]
            yield f"foreign key {field.column}", partial(_orphans, model, field)


def _violations(
    model: type[Model], name: str, is_there: bool, rows: Rows
) -> Iterator[Violation | None]:
    """Yield None if the constraint or trigger `name` is in place (`is_there`). Otherwise yield that
    it is missing, changed or not validated, and each row that `rows` finds to break it.
    """
    table = model._meta.db_table
    if is_there:
        yield None
        return
    yield Violation("", f"{table}: {name}", "in place", "missing, changed or not validated")
    for row in rows():
        yield Violation(_merchant_of(row), f"{table}: {name}: row {row.pk}", "kept", "broken")


def _broken(model: type[Model], constraint: BaseConstraint) -> list[Model]:
    """The first MOST_LISTED rows that break a check or unique constraint; for constraints of other
    kinds, none.
    """
    match constraint:
        case CheckConstraint():
            with connection.schema_editor(collect_sql=True) as editor:
                kept = constraint._get_check_sql(model, editor)  # type: ignore[attr-defined]
            table, key = (
                connection.ops.quote_name(name)
                for name in (model._meta.db_table, str(model._meta.pk.column))
            )
            with connection.cursor() as cursor:
                # Null counts as kept, as it does for the constraint itself.
                cursor.execute(
                    f"SELECT {key} FROM {table} WHERE NOT ({kept}) ORDER BY 1 LIMIT {MOST_LISTED}"
                )
                keys = [key for (key,) in cursor.fetchall()]
            return list(model._default_manager.filter(pk__in=keys).order_by("pk"))
        case UniqueConstraint():
            return _repeated(model, constraint)
    return []


def _repeated(model: type[Model], constraint: UniqueConstraint) -> list[Model]:
    """Rows of which the unique constraint would allow only one, at most MOST_LISTED of them. Rows
    with a null in its columns do not count.
    """
    rows: QuerySet[Any] = model._default_manager.all()
    if constraint.condition is not None:
        rows = rows.filter(constraint.condition)
    of: dict[str, Any] = {f"key{at}": one for at, one in enumerate(constraint.expressions)}
    names = [*constraint.fields, *of]
    rows = rows.annotate(**of).filter(**{f"{name}__isnull": False for name in names})
    repeated = rows.values(*names).annotate(times=Count("pk")).filter(times__gt=1)
    found: list[Model] = []
    for one in repeated.order_by()[:MOST_LISTED]:
        found += rows.filter(**{name: one[name] for name in names}).order_by("pk")
    return found[:MOST_LISTED]


def _orphans(model: type[Model], field: "ForeignKey[Any, Any]") -> list[Model]:
    """The first MOST_LISTED rows of the model whose foreign key `field` refers to a row that does
    not exist.
    """
    there = field.related_model._default_manager.values(field.target_field.attname)
    rows = model._default_manager.filter(**{f"{field.name}__isnull": False})
    found = rows.exclude(**{f"{field.attname}__in": there}).order_by("pk")
    return list(found[:MOST_LISTED])


def _merchant_of(row: Model) -> str:
    """The reference of the merchant to which the row belongs, or "" if the row has no merchant's
    key.
    """
    for name in ("merchant_id", "line_id", "account_id"):
        if key := getattr(row, name, None):
            found = Merchant.objects.filter(pk=key).values_list("reference", flat=True)
            return found.first() or ""
    return ""


DECLARED = (
    Reading(
        14,
        "what the models declare is in place in the database, or no row breaks it",
        "constraints, foreign keys, triggers",
        _check,
    ),
)
