"""Copies a merchant's rows from one cell's tables to another's, in the caller's transaction, and
compares them (rule 30.20).

Keys stay, as no two cells have the same ones. Triggers of the tables do not act on what is copied:
what they would write was written when it happened. Foreign keys are held to at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.db.models import DecimalField, Model

from billing.models import (
    BankLine,
    CreditNote,
    Invoice,
    ProviderDifference,
    ProviderMovement,
    ProviderPayout,
)
from config.cells import owned, tables
from credit.models import Withdrawal
from lib import cells
from merchants import installation
from merchants.models import MovedName

# The names of the triggers that the cells' tables have. They are called the same in each.
TRIGGERS = """
SELECT DISTINCT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'pgtrigger%'
"""
# Citus calls them otherwise on the machines where the cells' rows are.
IS_DISTRIBUTED = "SELECT FROM pg_extension WHERE extname = 'citus'"
THEIR_TRIGGERS = """
SELECT unnest(result::text[]) FROM run_command_on_all_nodes($$
    SELECT coalesce(array_agg(DISTINCT tgname::text), '{}') FROM pg_trigger
    WHERE NOT tgisinternal AND tgname LIKE 'pgtrigger%'$$)
"""

# What is proposed for a line, or which one it takes back, leads to rows that are gone.
LOOK_ANEW = """
UPDATE {lines} SET status = 'WAITING', why = 'NEW', account_id = NULL, invoice_id = NULL,
    returns_id = NULL, looked_at = NULL, decided_at = NULL, decided_by = ''
WHERE account_id = %(merchant)s AND status IN ('PROPOSED', 'OPEN', 'RETURN')
"""


@dataclass(frozen=True)
class Sums:
    """What a table has of a merchant: how many rows, the sum of each column of figures, and the sum
    of a digest of each whole row.
    """

    rows: int
    figures: tuple[Any, ...]
    digest: Any


def hush(cursor: CursorWrapper) -> None:
    """Have all our triggers do nothing until `unhush`, or the transaction's end."""
    is_distributed = bool(_asked(cursor, IS_DISTRIBUTED, None))
    found = _asked(cursor, THEIR_TRIGGERS if is_distributed else TRIGGERS, None)
    names = ",".join(sorted({name for (name,) in found}))
    # A command, and no function: Citus tells only that to the machines where the cells are.
    cursor.execute("SET LOCAL pgtrigger.ignore = %s", [f"{{{names}}}"])


def unhush(cursor: CursorWrapper) -> None:
    """Have our triggers act again, after `hush`."""
    cursor.execute("SET LOCAL pgtrigger.ignore = '{}'")


def copy(cursor: CursorWrapper, merchant: Mapping[str, Any], start: int, to: int) -> None:
    """Copy the merchant's rows that go along (owned.models) from the cell `start` to the cell `to`,
    with their keys. The rows in `start` stay, until `delete` is called. Nothing in `to` is
    replaced: a row with the same key there raises IntegrityError. Differences of payouts are copied
    by `hand_over`. `merchant` has the merchant's primary key (`merchant`) and its `reference`. The
    caller has our triggers do nothing meanwhile (hush).
    """
    for model in owned.models():
        if model is not ProviderDifference:
            columns = ", ".join(_columns(model))
            cursor.execute(
                f"INSERT INTO {_table(model, to)} ({columns})"
                f" SELECT {columns} FROM {_table(model, start)} AS owned"
                f" WHERE {owned.condition(model, start)}",
                merchant,
            )


def delete(cursor: CursorWrapper, merchant: Mapping[str, Any], number: int) -> None:
    """Delete the merchant's rows that go along (owned.models) in the cell with this number. Rows of
    the house that were about the merchant stay. The caller has our triggers do nothing meanwhile
    (hush): they let nobody delete most of these rows.
    """
    for model in reversed(owned.models()):
        cursor.execute(
            f"DELETE FROM {_table(model, number)} AS owned WHERE {owned.condition(model, number)}",
            merchant,
        )


def sums(cursor: CursorWrapper, merchant: Mapping[str, Any], number: int) -> dict[str, Sums]:
    """Count what each table of the cell with this number has of the merchant's rows that go along
    (owned.models), and add its amounts and a digest of its rows up, by the table's name: a query
    for each. Differences of payouts are left out, as their payouts have other keys in each cell.
    """
    found = {}
    for model in owned.models():
        if model is ProviderDifference:
            continue  # of a payout that has another key in each cell
        figures = [
            f'sum(owned."{field.column}")'
            for field in model._meta.concrete_fields
            if isinstance(field, DecimalField)
        ]
        row = f"hashtextextended(ROW({', '.join(_columns(model))})::text, 0)::numeric"
        cursor.execute(
            f"SELECT count(*), coalesce(sum({row}), 0){''.join(f', {one}' for one in figures)}"
            f" FROM {_table(model, number)} AS owned WHERE {owned.condition(model, number)}",
            merchant,
        )
        count, digest, *added = cursor.fetchone()
        found[model._meta.db_table] = Sums(count, tuple(added), digest)
    return found


def names(cursor: CursorWrapper, merchant: Mapping[str, Any], number: int) -> list[MovedName]:
    """What others know of the merchant's and look for in the cell with this number, which the
    merchant leaves (merchants.moved): the numbers of documents that this cell gave, and the
    references of all withdrawals, each with the file for the bank that it is in. They are not
    saved, and say nothing of the move yet.
    """
    found = []
    for model in (Invoice, CreditNote):
        statement = f"SELECT number FROM {_table(model, number)} WHERE account_id = %(merchant)s"
        for (given,) in _asked(cursor, statement, merchant):
            if given and installation.cell_of(installation.outside(given)) == number:
                found.append(MovedName(name=given))
    statement = f"""
        SELECT reference, batch, currency FROM {_table(Withdrawal, number)}
        WHERE line_id = %(merchant)s"""
    for reference, batch, currency in _asked(cursor, statement, merchant):
        found.append(MovedName(name=reference, file=batch, currency=currency))
    return found


def hand_over(cursor: CursorWrapper, merchant: Mapping[str, Any], start: int, to: int) -> None:
    """Tie the rows of providers' payouts that are the merchant's to it in the cell `to`, and no
    longer in the cell `start`; a payout that is not on record in `to` is copied to it, and so is a
    row of theirs that a payout on record there has not yet. The differences of the merchant's
    payments are copied, too. Each cell has every payout; in one alone a row is of one of its
    merchants (rule 30.22).
    """
    payouts = {
        key: _payout(cursor, reference, start, to)
        for key, reference in _asked(
            cursor,
            f"SELECT DISTINCT payout.id, payout.reference FROM {_table(ProviderPayout, start)}"
            f" payout JOIN {_table(ProviderMovement, start)} written ON"
            " written.payout_id = payout.id WHERE written.account_id = %(merchant)s",
            merchant,
        )
    }
    ties = ("account_id", "payment_id", "reversal_id", "entered_at")
    rows = _asked(
        cursor,
        f"SELECT id, payout_id, reference, {', '.join(ties)}"
        f" FROM {_table(ProviderMovement, start)} WHERE account_id = %(merchant)s",
        merchant,
    )
    for row, payout, reference, *tied in rows:
        cursor.execute(
            f"UPDATE {_table(ProviderMovement, to)} SET {', '.join(f'{one} = %s' for one in ties)}"
            " WHERE payout_id = %s AND reference = %s",
            [*tied, payouts[payout], reference],
        )
        if not cursor.rowcount:
            _copy_movement(cursor, row, payouts[payout], start, to)
    _copy_differences(cursor, merchant, start, to)
    cursor.execute(
        f"UPDATE {_table(ProviderMovement, start)} SET"
        f" {', '.join(f'{one} = NULL' for one in ties)} WHERE account_id = %(merchant)s",
        merchant,
    )


def look_anew(cursor: CursorWrapper, merchant: Mapping[str, Any], number: int) -> None:
    """Have the job look anew at the lines of banks' statements in the cell with this number that
    may be the merchant's and wait for an operator: it hands over those that name a bill, and says
    of the others that nothing tells whose they are (rule 30.22).
    """
    cursor.execute(LOOK_ANEW.format(lines=_table(BankLine, number)), merchant)


def _payout(cursor: CursorWrapper, reference: str, start: int, to: int) -> int:
    """Return the key in the cell `to` of the payout that the cell `start` has under this reference.
    If it is not there, it is copied with its rows, none of which is of a merchant there.
    """
    select = f"SELECT id FROM {_table(ProviderPayout, to)} WHERE reference = %s"
    if not (known := _asked(cursor, select, [reference])):
        columns = ", ".join(name for name in _columns(ProviderPayout) if name != '"id"')
        cursor.execute(
            f"INSERT INTO {_table(ProviderPayout, to)} ({columns}) SELECT {columns}"
            f" FROM {_table(ProviderPayout, start)} WHERE reference = %s",
            [reference],
        )
        known = _asked(cursor, select, [reference])
        ties = {'"id"', '"payout_id"', '"account_id"', '"payment_id"', '"reversal_id"'}
        names = [one for one in _columns(ProviderMovement) if one not in {*ties, '"entered_at"'}]
        listed = ", ".join(names)
        cursor.execute(
            f"INSERT INTO {_table(ProviderMovement, to)} (payout_id, {listed})"
            f" SELECT %s, {listed} FROM {_table(ProviderMovement, start)} WHERE payout_id ="
            f" (SELECT id FROM {_table(ProviderPayout, start)} WHERE reference = %s)",
            [known[0][0], reference],
        )
    return int(known[0][0])


def _copy_movement(cursor: CursorWrapper, row: int, payout: int, start: int, to: int) -> None:
    """Copy a row of a payout, by its key in the cell `start`, with what it is tied to, to the
    payout with the key `payout` in the cell `to`, and add it to the sums of that.
    """
    names = [one for one in _columns(ProviderMovement) if one not in ('"id"', '"payout_id"')]
    listed = ", ".join(names)
    cursor.execute(
        f"INSERT INTO {_table(ProviderMovement, to)} (payout_id, {listed})"
        f" SELECT %s, {listed} FROM {_table(ProviderMovement, start)} WHERE id = %s",
        [payout, row],
    )
    ((gross, fee, net),) = _asked(
        cursor,
        f"SELECT gross, fee, net FROM {_table(ProviderMovement, start)} WHERE id = %s",
        [row],
    )
    cursor.execute(
        f"UPDATE {_table(ProviderPayout, to)} SET gross = gross + %s, fee = fee + %s,"
        " net = net + %s, count = count + 1 WHERE id = %s",
        [gross, fee, net, payout],
    )


def _copy_differences(
    cursor: CursorWrapper, merchant: Mapping[str, Any], start: int, to: int
) -> None:
    """Copy what is different about the merchant's payments, each with its payout as it is known in
    the cell `to`.
    """
    own = owned.condition(ProviderDifference, start)
    table = _table(ProviderDifference, start)
    columns = ", ".join(_columns(ProviderDifference))
    rows = _asked(cursor, f"SELECT {columns} FROM {table} AS owned WHERE {own}", merchant)
    names = _columns(ProviderDifference)
    place = names.index('"payout_id"')
    for row in rows:
        values = list(row)
        if values[place] is not None:
            select = f"SELECT reference FROM {_table(ProviderPayout, start)} WHERE id = %s"
            ((reference,),) = _asked(cursor, select, [values[place]])
            values[place] = _payout(cursor, reference, start, to)
        marks = ", ".join(["%s"] * len(values))
        cursor.execute(
            f"INSERT INTO {_table(ProviderDifference, to)} ({columns}) VALUES ({marks})", values
        )


def _asked(cursor: CursorWrapper, statement: str, values: Any) -> Sequence[tuple[Any, ...]]:
    """Carry out the statement with these values, and return all of its rows."""
    cursor.execute(statement, values)
    return list(cursor.fetchall())


def _table(model: type[Model], number: int) -> str:
    """SQL for the name of the model's table in the cell with this number, with its schema."""
    assert tables.is_of_cells(model._meta.app_label, model.__name__)
    return f'{cells.name_of(number)}."{model._meta.db_table}"'


def _columns(model: type[Model]) -> list[str]:
    """The columns of the model that are written, in quotation marks."""
    fields = model._meta.concrete_fields
    return [f'"{field.column}"' for field in fields if not getattr(field, "generated", False)]
