"""manage.py replay FILE.jsonl[.gz] [--until ISO] [--beyond-now]"""

import csv
import zlib
from argparse import ArgumentParser
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gateway.models import Replay
from gateway.replay import Replaying
from gateway.replayed_files import Source, check_is_past, look_through
from lib import clock
from lib.commands import BooksCommand, add_cell, cells_of
from lib.refusals import Refused

STATUSES = ("applied", "duplicate", "declined", "rejected")


class Command(BooksCommand):
    help = "Applies a file of events at their own times, with the timetable in between."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="events, one JSON object a line; may be gzipped"
        )
        parser.add_argument(
            "--until",
            help="RFC 3339 instant with offset: events before it are applied, and the timetable is"
            " followed up to and including it (default: just after the last event)",
        )
        parser.add_argument(
            "--beyond-now",
            action="store_true",
            help="for demonstrations and tests: instants after the clock are no mistake",
        )
        parser.add_argument(
            "--rejected",
            type=Path,
            help="where rejected events are listed (default: FILE's name + .rejected.csv, here)",
        )
        add_cell(parser, "where merchants of the file join (default: where the fewest are)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay the events of the file and run the timetable's jobs up to the instant --until, or
        just after the last event without it, and print what became of them. Events that were
        rejected are listed in a CSV file. Raises CommandError if the file cannot be read or has no
        event, if it or the instant is refused, and when it is interrupted, after which it goes on
        from there.
        """
        until, now = _instant(options["until"]), clock.now()
        cell = None if options.get("cell") is None else cells_of(options)[0]
        source = self._source(options["file"], now)
        beyond_now = options["beyond_now"]
        if not beyond_now:
            try:
                check_is_past(source, until, now=now)
            except Refused as refusal:
                raise CommandError(str(refusal)) from refusal
        if until is None:
            if source.last_at is None:
                raise CommandError(f"{source.path}: there is no event in it.")
            until = source.last_at + timedelta(microseconds=1)
        rejected = options["rejected"] or Path(f"{source.path.name}.rejected.csv")
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
                task = progress.add_task("Replaying", total=source.lines)
                done = partial(progress.advance, task)
                replay = Replaying(source, until, done, beyond_now=beyond_now, cell=cell).run()
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Start it again and it goes on from here.") from None
        self._print(_table(replay))
        self._list_rejected(replay, rejected)

    def _print(self, table: Table) -> None:
        """Print the table, as wide as the terminal, or 100 characters elsewhere."""
        console = Console(width=None if self.stdout.isatty() else 100)
        with console.capture() as capture:
            console.print(table)
        self.stdout.write(capture.get())

    def _source(self, path: Path, now: datetime) -> Source:
        """Read the whole file once, and return what was found of it. Raises CommandError if it
        can't be read.
        """
        try:
            return look_through(path, now=now)
        except (OSError, EOFError, zlib.error) as error:
            raise CommandError(f"{path} can't be read: {error}") from error

    def _list_rejected(self, replay: Replay, path: Path) -> None:
        """Write all events that the replay rejected, those of earlier runs too, by line, to a CSV
        file at `path`, in place of one that is there, and print how many. Text that a spreadsheet
        would take for a formula is left as it is.
        """
        rejections = replay.rejections.order_by("line")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "event", "type", "code", "reason"])
            for rejection in rejections.iterator():
                writer.writerow(
                    [
                        rejection.line,
                        rejection.event,
                        rejection.type,
                        rejection.code,
                        rejection.reason,
                    ]
                )
        self.stdout.write(f"{rejections.count()} rejected events are listed in {path}")


def _instant(text: str | None) -> datetime | None:
    """The instant in this text, or None without one. Raises CommandError if it is malformed or has
    no offset.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise CommandError(f"--until {text}: not an RFC 3339 instant with an offset.")
    return instant


def _table(replay: Replay) -> Table:
    """How many events of each type had each outcome, in all runs of the replay so far, as a table
    to print.
    """
    table = Table(title=f"Outcomes of {replay.name}")
    table.add_column("event type")
    for status in STATUSES:
        table.add_column(status, justify="right")
    for event_type, counts in sorted(replay.outcomes.items()):
        table.add_row(event_type, *(str(counts.get(status, 0)) for status in STATUSES))
    return table
