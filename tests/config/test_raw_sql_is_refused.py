"""Whatever a constraint or trigger forbids, raw SQL cannot write: each one is shown to refuse.

What breaks it is made from what the catalogue says of it (tests/config/refusing.py), so that a new
one is shown, too; where that finds nothing, a test by hand is named here.
"""

import pytest

from tests.config.refusing import NOBODY, Table, is_refused, named

pytestmark = pytest.mark.django_db

OF_DJANGO = ("django_", "auth_", "account_", "mfa_", "socialaccount_", "usersessions_")
REPLICA = "SET LOCAL session_replication_role = replica"  # no trigger, and no reference


def constraints(kind: str) -> list[tuple[str, ...]]:
    """Table, name and definition."""
    return named(
        f"""
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = '{kind}' AND connamespace = 'public'::regnamespace ORDER BY 1, 2
        """
    )


def test_what_a_check_forbids() -> None:
    found = []
    for table, name, definition in constraints("c"):
        expression = definition.removeprefix("CHECK ").removesuffix(" NOT VALID")
        model = Table.of(table, expression)
        values = model.making(f"NOT {expression}")
        if values is None or not is_refused(table, name, model.insert(values), before=[REPLICA]):
            found.append((table, name))
    assert found == [], str(found)


def test_what_may_not_be_empty() -> None:
    found = []
    for table, name, definition in constraints("n"):
        model = Table.of(table)
        column = definition.removeprefix("NOT NULL ").strip('"')
        if column in model.columns and not is_refused(
            table, name, model.insert({column: "NULL"}), before=[REPLICA], column=column
        ):
            found.append((table, name))
    assert found == [], str(found)


def test_what_may_be_there_once() -> None:
    found = []
    for table, name, columns, predicate in named(
        """
        SELECT indrelid::regclass::text, relname, pg_get_indexdef(indexrelid),
               coalesce(pg_get_expr(indpred, indrelid), 'true')
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE indisunique AND relnamespace = 'public'::regnamespace ORDER BY 1, 2
        """
    ):
        keys = columns.partition(" USING ")[2].partition(" WHERE ")[0]
        model = Table.of(table, predicate)
        values = model.making(predicate) if predicate != "true" else {}
        if values is not None:
            for column in model.named_in(keys):
                values.setdefault(column.name, column.values[0])
        twice = [model.insert(values)] * 2 if values is not None else []
        if not twice or not is_refused(table, name, *twice, before=[REPLICA]):
            found.append((table, name))
    assert found == [], str(found)


def test_what_refers_to_nothing() -> None:
    found = []
    for table, name, definition in constraints("f"):
        column = definition.partition("(")[2].partition(")")[0].strip('"')
        model = Table.of(table)
        nothing = f"'{NOBODY}'" if model.columns[column].type.startswith("char") else str(NOBODY)
        before = [f"ALTER TABLE {table} DISABLE TRIGGER USER", "SET CONSTRAINTS ALL IMMEDIATE"]
        if not is_refused(table, name, model.insert({column: nothing}), before=before):
            found.append((table, name))
    assert found == [], str(found)
