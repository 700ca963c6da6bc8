"""Whatever a constraint or trigger forbids, raw SQL cannot write: each one is shown to refuse.

What breaks it is made from what the catalogue says of it (tests/config/refusing.py), so that a new
one is shown, too; where that finds nothing, a test by hand is named here.
"""

import pytest

from config.local.datafolder import BASE_DIR
from tests.config.refusing import NOBODY, Table, is_refused, named, trigger_refuses
from tests.whole import some

pytestmark = pytest.mark.django_db

STATEMENTS = (
    "billing/test_statements.py",
    "test_the_database_itself_keeps_a_closed_statement_as_it_is",
)
SUMS = ("config/test_audit.py", "test_what_a_trigger_adds_up_is_refused_where_it_does_not")
PARTS = 12  # of what there is much of, of which `make test` takes one
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
    assert found == []


@pytest.mark.parametrize("part", some(range(PARTS), PARTS))
def test_what_may_not_be_empty(part: int) -> None:
    found = []
    for table, name, definition in constraints("n")[part::PARTS]:
        model = Table.of(table)
        column = definition.removeprefix("NOT NULL ").strip('"')
        if column in model.columns and not is_refused(
            table, name, model.insert({column: "NULL"}), before=[REPLICA], column=column
        ):
            found.append((table, name))
    assert found == []


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
    assert found == []


def test_what_refers_to_nothing() -> None:
    found = []
    for table, name, definition in constraints("f"):
        column = definition.partition("(")[2].partition(")")[0].strip('"')
        model = Table.of(table)
        nothing = f"'{NOBODY}'" if model.columns[column].type.startswith("char") else str(NOBODY)
        before = [f"ALTER TABLE {table} DISABLE TRIGGER USER", "SET CONSTRAINTS ALL IMMEDIATE"]
        if not is_refused(table, name, model.insert({column: nothing}), before=before):
            found.append((table, name))
    assert found == []


# Of triggers that add up rows of several tables: the file with the SQL that they refuse, and what
# the test there is called.
BY_HAND = {
    "charge_joins_no_closed_statement": STATEMENTS,
    "closed_statement_takes_no_total": STATEMENTS,
    "closed_statement_totals_never_change": STATEMENTS,
    "counter_entry_takes_back_what_was_corrected": (
        "credit/test_corrections.py", "test_the_database_keeps_them_as_they_are"
    ),
    "invoice_lines_make_its_total": (
        "billing/test_append_only.py", "test_what_was_paid_decided_and_given_back_stays"
    ),
    "invoice_taxes_make_its_tax": SUMS,
    "item_leaves_its_invoice_with_a_void_alone": (
        "billing/test_append_only.py", "test_what_was_paid_decided_and_given_back_stays"
    ),
    "only_the_owner_of_the_tables_makes_superusers": (
        "config/test_database_roles.py", "test_the_apps_role_is_refused_what_nobody_may_do"
    ),
    "reversals_are_no_more_than_their_payment": SUMS,
}  # fmt: skip


def triggers() -> list[tuple[str, ...]]:
    """Table, name, and definition with the source of its function, of each of our triggers; not of
    those that tell webhooks, which refuse nothing.
    """
    return named(
        """
        SELECT tgrelid::regclass::text, tgname,
               regexp_replace(pg_get_triggerdef(pg_trigger.oid), '^.* FOR EACH ', '') || prosrc
        FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
        WHERE NOT tgisinternal AND tgname !~ '^pgtrigger_tells_' ORDER BY 1, 2
        """
    )


def called(name: str) -> str:
    """What the models call it, without what pgtrigger adds."""
    return name.removeprefix("pgtrigger_").rpartition("_")[0]


@pytest.mark.parametrize("part", some(range(PARTS), PARTS))
def test_what_a_trigger_forbids(part: int) -> None:
    found = [
        called(name)
        for table, name, text in triggers()[part::PARTS]
        if called(name) not in BY_HAND and not trigger_refuses(table, name, text)
    ]
    assert found == []


def test_what_a_trigger_forbids_that_adds_up() -> None:
    assert BY_HAND.keys() <= {called(name) for _, name, _ in triggers()}
    for path, test in BY_HAND.values():
        assert f"def {test}(" in (BASE_DIR / "tests" / path).read_text()
