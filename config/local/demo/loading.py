"""Loads the demonstration: its events, its people's actions and its jobs in the order of time."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import transaction

from config.local.demo import huaxin, lakeside, meili, policies, prices, season, siam_silk
from config.local.demo.actions import Action
from config.local.demo.season import Days
from config.local.demo.shops import HUAXIN, LAKESIDE, MEILI, SHOPS, SIAM_SILK, Shop
from config.timetable import TIMETABLE
from gateway.replay import Replaying
from gateway.replayed_files import look_through
from merchants import directory
from merchants.models import Merchant

CHAPTERS: Mapping[str, Callable[[Days], Iterator[Action]]] = {
    MEILI.reference: meili.chapter,
    HUAXIN.reference: huaxin.chapter,
    SIAM_SILK.reference: siam_silk.chapter,
    LAKESIDE.reference: lakeside.chapter,
}
# Of the jobs that a replay has no use for, those that belong to the story.
AUTOMATIC, SENDING = (
    next(job for job in TIMETABLE if job.name == name)
    for name in ("automatic-withdrawals", "send-withdrawals")
)


def write(file: Path, now: datetime, shops: Sequence[Shop] = SHOPS) -> None:
    """Write the events of these shops up to `now` to `file`, one JSON object on a line. The file
    exists under that name only when it is complete.
    """
    draft = file.with_suffix(".draft")
    draft.write_text("\n".join(season.events(shops, now)) + "\n", encoding="utf-8")
    draft.rename(file)


def load_demo(
    file: Path,
    now: datetime,
    shops: Sequence[Shop] = SHOPS,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Introduce the operator policies, apply the events of the file, run the jobs that come due,
    and do what people did in the same time, all in the order of time up to `now`. Warnings are not
    logged meanwhile.

    A load that was cut short goes on from where it was if it is called again with the same `now`.
    `progress` is called as it goes on, with (events done, events in all).
    """
    logging.disable(logging.WARNING)  # the story has a bank that does not answer
    policies.introduce()
    try:
        _Loading(file, now, shops, progress).run()
    finally:
        logging.disable(logging.NOTSET)


class _Loading(Replaying):
    """A replay of the demonstration's events that also does what people did, at its instants."""

    stops_at_each_tick = True

    def __init__(
        self,
        file: Path,
        now: datetime,
        shops: Sequence[Shop],
        progress: Callable[[int, int], None],
    ) -> None:
        source = look_through(file, now=now)
        super().__init__(source, now, lambda _: progress(self.replay.events_done, source.lines))
        self.actions = [one for shop in shops for one in _actions_of(shop, Days(shop, now))]

    def after_tick(self, tick: datetime) -> None:
        """Do the actions of this instant, and save in the same transaction how far the replay is;
        request the automatic withdrawals that are due at it; and if there were actions or such
        withdrawals, send what there is to send. So a load that is cut short does no action twice.
        """
        due = [do for at, do in self.actions if at == tick]
        if due:
            with transaction.atomic():
                for do in due:
                    do(tick)
                self.replay.save()
        automatic = tick == AUTOMATIC.tick_at(tick) and AUTOMATIC.find(tick)
        if automatic:
            AUTOMATIC.run_here(tick)
        if due or automatic:
            SENDING.run_here(tick)


def _actions_of(shop: Shop, days: Days) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    """Yield a pair for each action of the shop's chapters, those of prices first: the
    instant of the action and a function that does it. The pairs are not in the order of
    time. The function takes the instant at which the action is done, does it inside the
    cell of the shop's merchant, and raises what the action raises.
    """
    for action in (*prices.chapter(shop, days), *CHAPTERS[shop.reference](days)):
        yield action.at, partial(_do, shop, action)


def _do(shop: Shop, action: Action, now: datetime) -> None:
    """Do the action for the shop's merchant, at the instant `now` and inside the merchant's cell.
    Raises what the action raises.
    """
    with directory.of(shop.reference):
        action.act(Merchant.objects.get(reference=shop.reference).pk, now)
