"""Charges as CSV files; a file that can't be complete breaks off.

They are UTF-8 with ISO dates and dot decimals; headings and fees are in the reader's language, and
for systems in English (docs/files.md). PostgreSQL writes the rows and we pass them on in blocks, so
that a million charges take no more memory than ten.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import connection
from moneyed import Money

from lib import csv_files, statement_timeout
from lib.money import minor_digits
from merchants import installation


class Incomplete(Exception):
    """The rows that were written differ from the books, so the file must not end like a complete
    one.
    """


@dataclass(frozen=True)
class Part:
    """The part of a file with the charges of one statement, or of one line of a bill, and the count
    and sum that they must have.
    """

    name: str  # to say which part of the file it was that was wrong
    columns: Mapping[str, str]  # SQL for each heading, of `charge` and what `source` joins to it
    source: str  # SQL from FROM on, ORDER BY included
    params: Mapping[str, Any]
    charge_count: int
    amount: Money

    def rows(self) -> Iterator[bytes]:
        """Yields the rows as lines of CSV, with line ends and without headings; raises Incomplete
        after the last one if their count or sum is not `charge_count` and `amount`. That is so,
        too, if charges joined after these were read.

        The database gives the amount of each row once more in front, to be added up and not to be
        sent: within a row, text with commas may stand on either side of the amount.
        """
        currency = self.amount.currency.code
        copy_rows = f"""
            COPY (SELECT {charge_amount(currency)}, {", ".join(self.columns.values())}
                  {self.source})
            TO STDOUT WITH (FORMAT csv)
        """
        sent = units = 0
        with (
            statement_timeout.download(),
            connection.cursor() as cursor,
            cursor.copy(copy_rows, self.params) as copy,
        ):
            for line in copy:
                amount, _, row = bytes(line).partition(b",")
                sent += 1
                units += int(amount.replace(b".", b""))
                yield row
        expected = self.amount.amount.scaleb(minor_digits(currency))
        if sent != self.charge_count or units != expected:
            raise Incomplete(
                f"{self.name}: {sent} rows of {self.charge_count} were sent, with {units} of"
                f" {expected.normalize():f} minor units"
            )


def blocks(parts: Iterable[Part], columns: Mapping[str, str]) -> Iterator[bytes]:
    """The file with these headings and all rows of its parts, in blocks of whole rows; the mark of
    UTF-8 (csv_files.MARK) is left to the caller.

    Raises Incomplete instead of the last block if a part does not have the count or sum that it
    must have.
    """
    heading = csv_files.heading_of(columns)
    rows = chain.from_iterable(part.rows() for part in parts)
    return csv_files.Blocks(csv_files.in_blocks(chain([heading], rows)), columns.values())


def save(file: Iterable[bytes], path: Path) -> None:
    """Write the file to `path`. What stood there before is replaced once all is written; if writing
    fails, it stays as it was, and nothing else is left. Raises what making the file raises, such as
    Incomplete, and OSError.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as out:
            out.writelines(file)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def charge_amount(currency: str) -> str:
    """SQL for the column charge.amount as text, with as many digits after the point as the currency
    with this code has.
    """
    return csv_files.amount("charge.amount", currency)


def invoice_number(column: str) -> str:
    """SQL for the bill's number in this column as the bill has it (rule 16.12); NULL stays NULL."""
    return installation.outside_sql(column)
