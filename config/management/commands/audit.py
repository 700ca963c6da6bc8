"""manage.py audit"""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import IO, Any, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from lib import audit, cells, clock
from lib.audit import Finding
from lib.commands import BooksCommand, EachCell, add_each_cell


class Command(BooksCommand):
    help = "Checks every invariant of the books in one picture of them; exits with 1 if one is off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_each_cell(parser, "only the books of this cell (default: of all, one after the other)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every audit check and print a table of the checks, their remarks and the violations
        that were listed; where the books are in cells, a table for each cell. Raises CommandError
        if any check found a violation, or a cell did not answer, which is named.
        """
        console = Console(
            file=cast(IO[str], self.stdout),
            width=None if self.stdout.isatty() else 100,
            highlight=False,
            markup=False,
        )
        checked = broken = 0

        def look(number: int) -> None:
            """Run the checks on the books of the cell that we are inside, and count them."""
            nonlocal checked, broken
            findings = audit.run(audit.registered(), now=clock.now())
            _print(findings, f" of cell {number}" if cells.are_on() else "", console)
            checked += len(findings)
            broken += sum(finding.violations > 0 for finding in findings)

        each = EachCell(self, options)
        each.go(look)
        wrong = f"{broken} of {checked} checks found something wrong." if broken else ""
        if wrong or each.silence:
            raise CommandError(" ".join(filter(None, (wrong, each.silence))))


def _print(findings: Sequence[Finding], of: str, console: Console) -> None:
    """Print the table of these findings, whose title ends in `of`, their remarks, and the
    violations that were listed.
    """
    console.print(_table(findings, of))
    for finding in findings:
        if finding.remark:
            console.print(finding.remark, soft_wrap=True)
    for finding in findings:
        if finding.violations:
            _list(finding, console)


def _table(findings: Sequence[Finding], of: str) -> Table:
    """How many rows each check looked at, and how many violations it found, as a table to print,
    whose title ends in `of`.
    """
    table = Table(title=f"Audit of the books{of}")
    table.add_column("invariant", justify="right")
    table.add_column("check")
    table.add_column("rows checked", justify="right")
    table.add_column("violations", justify="right")
    for finding in findings:
        table.add_row(
            str(finding.check.invariant),
            finding.check.name,
            f"{finding.checked:,}",
            f"{finding.violations:,}",
            style="bold red" if finding.violations else None,
        )
    return table


def _list(finding: Finding, console: Console) -> None:
    """Print the violations of a check that were listed, each on a line of its own, however long, so
    that it can be searched and copied; then how many more there are.
    """
    check = finding.check
    lines = [f"\nNot so: {check.name} ({check.what})"]
    for row in finding.listed:
        subject = f"{row.merchant}: {row.subject}" if row.merchant else row.subject
        lines.append(f"  {subject}: expected {row.expected}; found {row.found}")
    if more := finding.violations - len(finding.listed):
        lines.append(f"  … and {more:,} more")
    console.print("\n".join(lines), soft_wrap=True)
