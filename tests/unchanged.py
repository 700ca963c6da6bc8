"""What a refused action leaves behind: nothing, in any table of the project.

    with nothing_changes(), pytest.raises(CreditTooLarge):
        credits.grant(...)
    with nothing_changes(but=["trail_trailentry"]):  # the attempt itself is written down
        ...

One statement digests every row of every table of every model, so that nobody has to think of the
table that a mistake would write to, and a table that is added later is seen from the start. It
takes some five milliseconds, before and after.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.apps.registry import Apps
from django.db import connection
from django.db.models import Model

from lib import prepared

Digests = Counter[tuple[str, int]]  # of rows: their table, and a digest of all that stands in them

# A request keeps its own session here: when it ends, which messages were shown.
UNSEEN_TABLES = frozenset({"django_session"})
# When a book was locked last is no change: a refused action and a repeat lock it, too. Nor is when
# a key of the API was used last: whatever is asked with it may move that.
UNSEEN_COLUMNS = {
    "credit_creditline": {"last_wrote_at"},
    "billing_billingaccount": {"last_wrote_at"},
    "gateway_apikey": {"last_used_at"},
}
MOST_SHOWN = 5  # rows of a table, when a test fails


@contextmanager
def nothing_changes(*, but: Iterable[str] = ()) -> Iterator[None]:
    """Assert that no row of any table is added, changed or deleted in here.

    `but` names the tables of which it is expected; each of them has to change. Works inside of
    a transaction and outside of one. Of a block that raises nothing is asserted: what it is to
    raise is caught inside, as in `with nothing_changes(), pytest.raises(Refused):`.
    """
    expected = set(but)
    unknown = expected - _models(apps).keys()
    assert not unknown, f"There is no table {', '.join(sorted(unknown))}."
    before = digests()
    yield
    after = digests()
    gone, new = before - after, after - before
    changed = {table for table, _ in gone | new}
    wrong = sorted(changed - expected)
    assert not wrong, "\n".join(["Something changed:", *(_told(name, gone, new) for name in wrong)])
    same = sorted(expected - changed)
    assert not same, f"Expected to change, and did not: {', '.join(same)}."


def digests() -> Digests:
    """A digest of each row of each table. To plan the statement takes longer than to run it, so it
    is planned once.
    """
    return Counter(prepared.rows(_every_row(apps), ()))


@cache
def _every_row(of: Apps) -> str:
    """SQL for a digest of every row, with its table."""
    return " UNION ALL ".join(
        f"SELECT '{table}', {_digest(model)} FROM {_quoted(table)} AS r"
        for table, model in _models(of).items()
    )


@cache
def _models(of: Apps) -> dict[str, type[Model]]:
    """The models by the name of their table, those that stand for a relation of many to many
    included. Those of UNSEEN_TABLES are left out.
    """
    found = {model._meta.db_table: model for model in of.get_models(include_auto_created=True)}
    return {table: model for table, model in found.items() if table not in UNSEEN_TABLES}


def _digest(model: type[Model]) -> str:
    """SQL for the digest of a row, without the columns that may change."""
    unseen: set[str] = UNSEEN_COLUMNS.get(model._meta.db_table, set())
    if not unseen:
        return "hashtextextended(r::text, 0)"
    names = [str(field.column) for field in model._meta.local_concrete_fields]
    seen = ", ".join(f"r.{_quoted(name)}" for name in names if name not in unseen)
    return f"hashtextextended(ROW({seen})::text, 0)"


def _told(table: str, gone: Digests, new: Digests) -> str:
    """A sentence that says how many rows of the table are gone and how many are new, followed by
    the text of at most MOST_SHOWN new ones, which is read from the database.
    """
    olds = sum(count for (name, _), count in gone.items() if name == table)
    news = [digest for name, digest in new.elements() if name == table]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r::text FROM {_quoted(table)} AS r"
            f" WHERE {_digest(_models(apps)[table])} = ANY(%s) LIMIT {MOST_SHOWN}",
            [news],
        )
        rows = [f"\n  {row}" for (row,) in cursor.fetchall()]
    return f"{table}: {olds} rows are gone, {len(news)} are new{''.join(rows)}"


def _quoted(name: str) -> str:
    """The name as SQL has it."""
    return str(connection.ops.quote_name(name))
