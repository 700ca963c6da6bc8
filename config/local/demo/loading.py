"""The demonstration, loaded: events and deeds in the order of time, with the timetable."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import transaction

from config.local.demo import huaxin, lakeside, meili, prices, season, siam_silk
from config.local.demo.actions import Deed
from config.local.demo.season import Days
from config.local.demo.shops import HUAXIN, LAKESIDE, MEILI, SHOPS, SIAM_SILK, Shop
from config.timetable import TIMETABLE
from gateway.replay import Replaying, look_through
from merchants.models import Merchant

CHAPTERS: Mapping[str, Callable[[Days], Iterator[Deed]]] = {
    MEILI.reference: meili.chapter,
    HUAXIN.reference: huaxin.chapter,
    SIAM_SILK.reference: siam_silk.chapter,
    LAKESIDE.reference: lakeside.chapter,
}
(SENDING,) = (job for job in TIMETABLE if job.name == "send-withdrawals")


def write(file: Path, now: datetime, shops: Sequence[Shop] = SHOPS) -> None:
    """The events up to `now`; a file that bears its name is complete."""
    draft = file.with_suffix(".draft")
    draft.write_text("\n".join(season.events(shops, now)) + "\n", encoding="utf-8")
    draft.rename(file)


def tell(
    file: Path,
    now: datetime,
    shops: Sequence[Shop] = SHOPS,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> None:
    """Apply the events of the file, and do what people did meanwhile.

    One that was cut short goes on where it was, when it is told with the same `now`. `progress` is
    told again and again how many events are done, and of how many.
    """
    logging.disable(logging.WARNING)  # of a bank that keeps silent: the story wants it so
    try:
        _Telling(file, now, shops, progress).run()
    finally:
        logging.disable(logging.NOTSET)


class _Telling(Replaying):
    def __init__(
        self,
        file: Path,
        now: datetime,
        shops: Sequence[Shop],
        progress: Callable[[int, int], None],
    ) -> None:
        source = look_through(file, now=now)
        super().__init__(source, now, lambda _: progress(self.replay.events_done, source.lines))
        self.deeds = [one for shop in shops for one in _deeds(shop, Days(shop, now))]

    def after_tick(self, tick: datetime) -> None:
        """Together with the note how far we are, so that nobody does the same thing twice."""
        due = [do for at, do in self.deeds if at == tick]
        if not due:
            return
        with transaction.atomic():
            for do in due:
                do(tick)
            self.replay.save()
        SENDING.run_here(tick)


def _deeds(shop: Shop, days: Days) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
    for deed in (*prices.chapter(shop, days), *CHAPTERS[shop.reference](days)):
        yield deed.at, partial(_do, shop, deed)


def _do(shop: Shop, deed: Deed, now: datetime) -> None:
    deed.act(Merchant.objects.get(reference=shop.reference).pk, now)
