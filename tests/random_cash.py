"""Random histories in which money is collected, kept, given back, taken back and paid out, too.

Besides events, and what tests/random_events.py knows that people do, they have JOBS (a run of all
that is due by then), PRICE (of a fee, for everybody or one merchant), and acts of
tests/cash_decisions.py.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests import random_events
from tests.random_events import ACT, CLOSE, REOPEN, Decided, Event

JOBS, PRICE = "jobs", "price"
BEST = {
    "rating": "4.85", "listing_quality": 95, "profile_completeness": 100, "after_sales": 98
}  # fmt: skip
KINDS = ("good", "good", "refused", "short", "short", "silent", "lost")
# By currency: percent, fixed, free a month, and above what a day's sum is approved.
PAYOUTS = {
    "USD": ("1.5", "0.30", 2, "400"),
    "JPY": ("0", "150", 1, "40000"),
    "THB": ("2.25", "0", 0, "2000"),
}


# How long before they arrive events say that they happened; some clocks are ahead of ours.
LATE = (
    *(timedelta(minutes=minutes) for minutes in (1, 40, 300, -4, -6)),
    *(timedelta(days=days) for days in (1, 3, 12, 45)),
)


class Collected(Decided):
    """A merchant whose bills are tried one by one, and who withdraws. `is_told_late`: whether some
    of its events arrive later than they say.
    """

    is_told_late = False

    def __init__(self, *arguments: Any) -> None:
        """Three in ten of them sell so much that raises wait: those have a limit of 20,000."""
        super().__init__(*arguments)
        self.names = 0
        self.is_rich = self.rng.random() < 0.3  # sells so much that raises wait
        if self.is_rich:
            self.limit, self.is_careful = 20_000, True

    def events(self) -> Iterator[Event]:
        """Yields the merchant's history, with the collecting of bills and withdrawals in it."""
        for event in super().events():
            yield event
            if event["type"] in (CLOSE, REOPEN):
                continue
            if event["type"] == "merchant.joined":
                yield self._act(event, "destination", self.rng.choice(KINDS))
                yield from self._good_start(datetime.fromisoformat(event["at"]))
            elif self.rng.random() < 0.45:
                yield self._some_act(event)
            if self.rng.random() < 0.03:
                yield self._price(event)

    def _terms(self) -> dict[str, Any]:
        """The terms with which the merchant joins, with a low threshold."""
        threshold = self.rng.choice((1, 60, 60, 200)) * self.billing[2]
        return super()._terms() | {"billing_threshold": str(threshold)}

    def _good_start(self, at: datetime) -> Iterator[Event]:
        """Yields metrics and sales that make the merchant rich, if it is to be."""
        if self.is_rich:
            yield self._event("shop.metrics", at, BEST)
            for number in range(3):
                what = {"order": f"sold-{number}", "currency": self.currency[0]}
                what["amount"] = str(9000 * self.currency[2])
                yield self._event(
                    "order.placed", at, {"buyer": "a good one", "instalments": 1} | what
                )
                yield self._event("order.paid", at, {"payment": f"sold-{number}"} | what)

    def _act(self, event: Event, what: str, to: Any) -> Event:
        """Something that a person does: what, and to what."""
        return {
            "type": ACT, "what": what, "to": to, "at": event["at"], "merchant": self.reference
        }  # fmt: skip

    def _may_decide(self, what: str, terms: dict[str, Any], *, is_closed: bool) -> bool:
        """Whether operators may decide this: all of it."""
        return True

    def _charge(self, at: datetime) -> Event:
        """A charge, sometimes without an amount."""
        event = super()._charge(at)
        if self.rng.random() < 0.3:
            del event["data"]["amount"]
        return event

    def _price(self, event: Event) -> Event:
        """A price, general or of the merchant's own; one without a figure ends its own."""
        day = datetime.fromisoformat(event["at"]).date()
        price = Decimal(self.rng.randrange(1, 9_000_000)).scaleb(-6) * self.billing[2]
        is_general = self.rng.random() < 0.4
        return {
            "type": PRICE, "at": event["at"], "merchant": None if is_general else self.reference,
            "fee": self.rng.choice(random_events.FEES), "currency": self.billing[0],
            "price": None if not is_general and self.rng.random() < 0.2 else price,
            "from_on": day + timedelta(days=self.rng.choice((-9, -1, 0, 1, 1, 5))),
        }  # fmt: skip

    def _some_act(self, event: Event) -> Event:
        """Something that a person does about bills, cash or proceeds."""
        rng = self.rng
        groups = (self._of_invoices, self._of_invoices, self._of_cash, self._of_proceeds)
        what, to = rng.choice(groups)()
        if self.is_rich and rng.random() < 0.1:
            what, to = "raise", rng.random() < 0.7
        return self._act(event, what, to)

    def _sum(self, times: int) -> Decimal:
        """An amount, in the currency's scale `times`."""
        return Decimal(self.rng.choice((5, 39, 60, 150, 500)) * times)

    def _of_invoices(self) -> tuple[str, Any]:
        """Something that a person does about bills."""
        rng = self.rng
        return rng.choice((
            ("review bills", rng.random() < 0.25),
            ("issue draft", None),
            ("issue draft", None),
            ("send back", None),
            ("give up", None),
            ("card", rng.choice(KINDS)),
            ("card", rng.choice(KINDS)),
            ("method", rng.choice(("manual", "sandbox", "proceeds", "card"))),
            ("pay now", rng.randrange(9)),
            ("pay now", rng.randrange(9)),
        ))  # fmt: skip

    def _of_cash(self) -> tuple[str, Any]:
        """A transfer, or money that is given or taken back."""
        rng, times = self.rng, self.billing[2]
        self.names += rng.choice((0, 1, 1, 1))
        some = rng.choice((None, rng.randrange(9), rng.randrange(9), rng.randrange(9)))
        sent = Decimal(rng.choice((4, 9, 20, 39, 120)) * times)
        taken = rng.choice((None, self._sum(times)))
        return rng.choice((
            ("transfer", (f"bank-{self.names}", some, sent)),
            ("transfer", (f"bank-{self.names}", some, sent)),
            ("give back", (f"back-{self.names}", self._sum(times) / 5)),
            ("take back", (rng.randrange(9), rng.random() < 0.5, taken)),
            ("take back", (rng.randrange(9), True, None)),
            ("late money", rng.randrange(9)),
            ("late money", rng.randrange(9)),
            ("take late money back", (rng.randrange(9), rng.random() < 0.3, taken)),
            ("take late money back", (rng.randrange(9), False, None)),
            ("charge reversal", None),
            ("charge reversal", None),
            ("accept reversal", None),
            ("win dispute", rng.randrange(9)),
        ))  # fmt: skip

    def _of_proceeds(self) -> tuple[str, Any]:
        """Something that a person does about destinations, withdrawals or UNMATCHED cash."""
        rng, times = self.rng, self.currency[2]
        order, _ = self._some_order()
        part = rng.choice((None, None, self._sum(times) / 5))
        return rng.choice((
            ("destination", rng.choice(KINDS)),
            *(("remove destination", rng.randrange(9)) for _ in range(rng.randrange(2))),
            *(("withdraw", (rng.randrange(9), self._sum(times) / 5)) for _ in range(3)),
            *(("withdraw", (rng.randrange(9), self._sum(times))) for _ in range(3)),
            ("approve withdrawal", None),
            ("approve withdrawal", None),
            ("end withdrawal", rng.choice(("REJECTED", "CANCELLED"))),
            ("automatic", None if rng.random() < 0.6 else (
                rng.randrange(9), rng.choice((None, None, 1, 5)), self._sum(times))),
            ("settle", (rng.choice(("APPLIED", "RELEASED", "RETURNED")), rng.randrange(9), part,
                        order)),
            ("raise", rng.random() < 0.7),
            ("raise", True),
        ))  # fmt: skip


def doings(
    seed: int, *, merchants: int, days: int, pace: int, kind: type[Collected] = Collected
) -> list[dict[str, Any]]:
    """Events, acts, prices and runs of the jobs, in order of time. An event that arrives late has
    as `said` the instant of which it tells.
    """
    sent = random_events.events(seed, merchants=merchants, days=days, pace=pace, kind=kind)
    rng = random.Random(f"jobs {seed}")
    found: list[dict[str, Any]] = []
    joined: set[str | None] = {None}
    for event, following in zip(sent, [*sent[1:], sent[-1]], strict=True):
        if event["type"] == "merchant.joined":
            joined.add(event["merchant"])
        if "data" in event or event["merchant"] in joined:
            found.append(event)
        at = datetime.fromisoformat(event["at"])
        waits = datetime.fromisoformat(following["at"]) - at
        if rng.random() < 0.08:
            found.append({"type": JOBS, "at": event["at"]})
        minutes = rng.choice((4, 8, 12))
        if rng.random() < 0.12 and waits > timedelta(minutes=minutes):
            found.append({"type": JOBS, "at": (at + timedelta(minutes=minutes)).isoformat()})
    return list(_told_late(found, seed)) if kind.is_told_late else found


def _told_late(doings: list[dict[str, Any]], seed: int) -> Iterator[dict[str, Any]]:
    """The doings, of which some events arrive late."""
    rng = random.Random(f"late {seed}")
    for doing in doings:
        is_late = "data" in doing and doing["type"] != "merchant.joined" and rng.random() < 0.2
        said = datetime.fromisoformat(doing["at"]) - rng.choice(LATE)
        yield doing | {"said": said.isoformat()} if is_late else doing
