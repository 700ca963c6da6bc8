"""A random history of money taken each of the ways in which it reaches us: applied, told over HTTP,
and replayed. What becomes of it, and the books at its end, are compared with the reference.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.db import transaction

from tests import books, event_files, random_cash, random_events, shops, told_by_http
from tests.cash_books import in_one_order, our_money, theirs, unlike_books
from tests.cash_doings import (
    Became,
    Doing,
    Kind,
    as_told,
    of_doing,
    of_doings,
    put_figures_in_force,
    put_policies_in_force,
    reference,
    theirs_of_doing,
)
from tests.random_by_hand import ByHand
from tests.reference import Model
from tests.reference.audit import audit

History = tuple[int, int, int, int]
WAYS = ("applied", "told over HTTP", "replayed", "moved in")
ONE_HOUR = timedelta(hours=1)


def go_through(
    history: History, ways: Sequence[str], settings: Any, folder: Path,
    kind: Kind = random_cash.Collected,
) -> int:  # fmt: skip
    """Take the history each of these ways, compare what became of everything, and the books at the
    end, and undo it. Returns how much there was.
    """
    seed, merchants, days, pace = history
    done = random_cash.doings(seed, merchants=merchants, days=days, pace=pace, kind=kind)
    for way in ways:
        everything_is_undone = transaction.atomic()
        everything_is_undone._from_testcase = True  # type: ignore[attr-defined]  # as of a test case
        with everything_is_undone:
            cache.clear()  # there the sandbox keeps what it was asked, by numbers that come again
            put_policies_in_force()
            if issubclass(kind, ByHand):
                put_figures_in_force()
            model, until = (
                reference(kind),
                datetime.fromisoformat(done[-1]["at"]) + timedelta(days=40),
            )
            if way in ("replayed", "moved in"):  # what a file tells of has happened then
                done = [{name: doing[name] for name in doing if name != "said"} for doing in done]
            if way == "replayed":
                found, expected = in_parts(done, model, folder)
            elif way == "moved in":
                done, found, expected = moved_in(done, model, folder)
            else:
                expected = [theirs_of_doing(model, doing) for doing in done]
                found = list(of_doings(done)) if way == "applied" else by_http(
                    done, settings, folder, random.Random(seed))  # fmt: skip
            differing = [row for row in zip(done, expected, found, strict=True) if row[1] != row[2]]
            assert differing == [], (history, way, differing[:3])
            model.run_jobs(until)
            shops.run_jobs(until)
            audit(model)
            unlike = unlike_books(theirs(model), in_one_order(our_money()))
            assert unlike == [], (history, way, unlike)
            books.assert_clean()
            transaction.set_rollback(True)
    return len(done)


def by_http(
    doings: Sequence[Doing], settings: Any, folder: Path, chance: random.Random
) -> list[Became]:
    """What becomes of each where events are told over HTTP, one by one."""
    clock_file = folder / "clock"
    settings.TAEL_CLOCK = str(clock_file)
    caller = told_by_http.a_caller()
    found = [
        told_by_http.send_one(caller, as_told(doing), clock_file, chance, arrives=doing["at"])
        if "data" in doing
        else of_doing(doing, datetime.fromisoformat(doing["at"]))
        for doing in doings
    ]
    settings.TAEL_CLOCK = ""
    return found


def in_parts(
    doings: Sequence[Doing], model: Model, folder: Path
) -> tuple[list[Became], list[Became]]:
    """What becomes of each here and in the reference, where the events between two decisions are a
    file, and replayed. What becomes of its events is a sum of outcomes, and no more: of those the
    reference's stand for both.
    """
    found: list[Became] = []
    expected: list[Became] = []
    until = datetime.min.replace(tzinfo=UTC)
    for number, (is_event, part) in enumerate(groupby(doings, key=lambda doing: "data" in doing)):
        some = list(part) if is_event else [not_before(until, doing) for doing in part]
        if is_event:
            path = event_files.write(folder / f"{number}.jsonl", some)
            until = datetime.fromisoformat(some[-1]["at"]) + timedelta(microseconds=1)
            expected += replayed_by_reference(some, model, until)
            found += expected[len(found) :]
            event_files.replay(path, until=until.isoformat())
        else:
            expected += [theirs_of_doing(model, doing) for doing in some]
            found += [of_doing(doing, datetime.fromisoformat(doing["at"])) for doing in some]
    return found, expected


def moved_in(
    doings: Sequence[Doing], model: Model, folder: Path
) -> tuple[list[Doing], list[Became], list[Became]]:
    """What becomes of each where the events of the first half are those of a move-in, before
    anybody could decide anything.
    """
    half = len(doings) // 2
    before = [without_sandbox(doing) for doing in doings[:half] if "data" in doing]
    until = datetime.fromisoformat(before[-1]["at"]) + timedelta(microseconds=1)
    path = event_files.write(folder / "move-in.jsonl", before)
    model.move_in(True)
    expected = [theirs_of_doing(model, doing) for doing in before]
    model.advance(until)
    event_files.replay(path, until=until.isoformat(), beyond_now=False, sandbox=False)
    model.move_in(False)
    after = [not_before(until, doing) for doing in opened_only_if_closed(doings[half:])]
    found = [*expected, *of_doings(after)]
    expected += [theirs_of_doing(model, doing) for doing in after]
    return [*before, *after], found, expected


def opened_only_if_closed(doings: Sequence[Doing]) -> Iterator[Doing]:
    """All but what would open a merchant again that was closed before."""
    closed: set[str] = set()
    for doing in doings:
        if doing["type"] == random_events.CLOSE:
            closed.add(doing["merchant"])
        if doing["type"] != random_events.REOPEN or doing["merchant"] in closed:
            yield doing


def without_sandbox(event: Doing) -> Doing:
    """The event without the sandbox, by which nobody pays who moves in."""
    if event["data"].get("payment_method") != "sandbox":
        return event
    return event | {"data": event["data"] | {"payment_method": "manual"}}


def not_before(until: datetime, doing: Doing) -> Doing:
    """The same doing, at the end of the replay before it if it was at the instant of its last
    event: a replay ends after that instant, and what is due at an instant depends on which one it
    is.
    """
    return doing | {"at": max(datetime.fromisoformat(doing["at"]), until).isoformat()}


def replayed_by_reference(
    doings: Sequence[Doing], model: Model, until: datetime
) -> Iterator[Became]:
    """What the reference makes of a replay of these; bills are collected on the hour after the
    file's first event, and at its end.
    """
    tick = datetime.fromisoformat(doings[0]["at"])
    tick = tick.replace(minute=0, second=0, microsecond=0) + ONE_HOUR
    for doing in doings:
        at = datetime.fromisoformat(doing["at"])
        while tick <= at:
            model.collect(tick)
            tick += ONE_HOUR
        yield theirs_of_doing(model, doing)
    model.collect(until)


def some_history(seed: int) -> History:
    """The history of this seed: its seed, number of merchants, days and pace."""
    chance = random.Random(f"money {seed}")
    days, pace = chance.choice(((25, 1), (40, 2), (90, 3), (160, 4)))
    return seed, chance.randrange(1, 3), days, pace
