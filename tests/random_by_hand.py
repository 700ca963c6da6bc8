"""Random histories in which operators do things by hand, too, and bills are taxed.

Besides what tests/random_cash.py knows they have acts of tests/by_hand_decisions.py and
tests/merchant_decisions.py, RATE (of a country's taxes), CLASS (of a fee), FEE (that operators
add), BANK (lines of banks' statements: tests/bank_decisions.py), and operators who decide alone up
to FIGURES.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests import random_events
from tests.random_cash import Collected
from tests.random_events import CLOSE, REOPEN, Event

RATE, CLASS, FEE, BANK = "rate", "class", "fee", "bank"
# By currency: up to which figures one operator decides alone. Of JPY there is no policy.
FIGURES = {
    "USD": {"thresholds": 150, "credits": 60, "pay_outs": 100, "prices": 3},
    "KWD": {"thresholds": 60, "credits": 20, "pay_outs": 150, "prices": 5},
    "THB": {"thresholds": 750, "credits": 200, "pay_outs": 400, "prices": 9},
}
PARTIES = (
    ("DE", "DE136695976"), ("DE", ""), ("FR", "FR40303265045"), ("FR", ""), ("TH", ""),
)  # fmt: skip
TREATMENTS = ("DOMESTIC", "REVERSE_CHARGE", "OUTSIDE_SCOPE", "", "")
PAYERS = (  # names and accounts
    ("Rosewood GmbH", "DE89370400440532013000"), ("Rosewood GmbH", ""), ("", ""),
    ("Lotus", "DE89370400440532013000"), ("Mei Lin", "GB29NWBK60161331926819"),
)  # fmt: skip
# What may be proposed, and waits; each names what it is about for good.
CAN_WAIT = (
    "limit", "threshold", "correct", "charge", "credit", "credit on", "give back", "write off",
)  # fmt: skip
FEES = (*random_events.FEES, "manual-fulfilment", "manual-shipping", "manual-account")
ADDED = {  # category and posting
    "gift-wrapping": ("FULFILMENT", "IMMEDIATE"), "insurance": ("SHIPPING", "DAILY"),
    "advice": ("TRANSACTION", "MONTHLY"), "reports": ("APP", "DAILY"),
}  # fmt: skip


class ByHand(Collected):
    """A merchant about which operators decide by hand."""

    def events(self) -> Iterator[Event]:
        """Yields the merchant's history, with what operators do by hand in it."""
        self.charged: list[str] = []
        for event in super().events():
            yield event
            if event["type"] == CLOSE and self.rng.random() < 0.4:
                yield from self._of_a_rest(event)
            if event["type"] in (CLOSE, REOPEN):
                continue
            if event["type"] == "charge.recorded":
                self.charged.append(event["data"]["charge"])
            if event["type"] == "merchant.joined":
                if self.rng.random() < 0.8:
                    yield self._act(event, "issuer", self.rng.choice(("DE", "FR")))
            elif self.rng.random() < 0.45:
                yield self._by_hand(event)
            if self.rng.random() < 0.02:
                yield self._of_taxes(event)
            if self.rng.random() < 0.02:
                yield self._fee(event)
            if self.rng.random() < 0.12:
                yield self._of_banks(event)

    def _of_banks(self, event: Event) -> Event:
        """What a bank says, and what operators decide about it; merchants' lines are all one."""
        rng, which = self.rng, self.rng.randrange(9)
        someone = rng.choice((self.reference, self.reference, "shop-0", "shop-1"))
        self.names += 1
        said = {"number": f"{self.reference}-{self.names}", "currency": self.billing[0]}
        some = rng.choice((None, None, None, self._little(self.billing[2])))
        named = [(self.reference, rng.randrange(9)) for _ in range(rng.choice((0, 1, 1, 1, 1, 2)))]
        came = said | {
            "named": named, "amount": some, "payer": rng.choice(PAYERS),
            "days": rng.choice((0, 0, 1, 8, 30)), "returned": rng.random() < 0.05,
        }  # fmt: skip
        went = said | {"takes_back": rng.choice((None, which, which, which)), "amount": some}
        went |= {"returned": rng.random() < 0.85}
        placed = which, someone, rng.choice((None, rng.randrange(9)))
        what, to = rng.choice((
            *[("line in", came)] * 5,
            *[("line out", went)] * 2,
            ("confirm line", which),
            ("confirm line", which),
            ("refuse line", which),
            ("set line aside", which),
            ("place line", placed),
            ("place line", placed),
            ("say what it takes back", (which, rng.randrange(9))),
            *[("take line back", which), ("take line off", which)] * 2,
        ))  # fmt: skip
        return {"type": BANK, "at": event["at"], "merchant": None, "what": what, "to": to}

    def _of_a_rest(self, event: Event) -> Iterator[Event]:
        """What a bill or draft leaves that is taken back once its account is closed."""
        little = (*random_events.CREDITS[2], _whole(Decimal(self.billing[2]) / 9, self.billing))
        taken_back = self.rng.choice(("void", "send back"))
        for what, to in ((taken_back, None), ("credit", little), ("bill rest", None)):
            yield super()._act(event, what, to)

    def _fee(self, event: Event) -> Event:
        """A fee that is added, or one that cannot be."""
        code = self.rng.choice((*ADDED, *ADDED, "manual-labour", "pick-pack"))
        category, posting = ADDED.get(code, ("FULFILMENT", "IMMEDIATE"))
        if self.rng.random() < 0.1:
            category = self.rng.choice(("APP", "SUBSCRIPTION"))
        said = {"type": FEE, "at": event["at"], "merchant": None}
        return said | {"fee": code, "category": category, "posting": posting}

    def _charge(self, at: datetime) -> Event:
        """A charge, sometimes of a fee that was added."""
        event = super()._charge(at)
        if self.rng.random() < 0.15:
            event["data"]["fee"] = self.rng.choice(tuple(ADDED))
        return event

    def _of_taxes(self, event: Event) -> Event:
        """A tax rate, or a class of tax of a fee."""
        rng = self.rng
        day = datetime.fromisoformat(event["at"]).date()
        said = {"at": event["at"], "merchant": None,
                "starts_on": day + timedelta(days=rng.choice((-3, 1, 2, 9, 20)))}  # fmt: skip
        if rng.random() < 0.4:
            tax_class = rng.choice(("STANDARD", "REDUCED", "ZERO", "EXEMPT", "OUTSIDE"))
            fee = rng.choice((*FEES, "credit-pick-pack", "plan"))
            return {"type": CLASS, "fee": fee, "class": tax_class} | said
        tax_class = rng.choice(("STANDARD", "STANDARD", "REDUCED", "EXEMPT"))
        percent: str | None = (
            "0" if tax_class == "EXEMPT" else rng.choice(("7", "16", "20.5", "13.125"))
        )
        percent = None if tax_class != "STANDARD" and rng.random() < 0.3 else percent
        country = rng.choice(("DE", "DE", "FR"))
        return {"type": RATE, "country": country, "class": tax_class, "percent": percent} | said

    def _by_hand(self, event: Event) -> Event:
        """One of the things that operators and members do by hand."""
        groups = (
            self._of_orders, self._of_charges, self._of_charges, self._of_schedules,
            self._of_schedules, self._of_money, self._of_money, self._of_terms,
            self._of_profiles, self._of_asking, self._of_arrivals, self._of_proposals,
        )  # fmt: skip
        what, to = self.rng.choice(groups)()
        return self._act(event, what, to)

    def _act(self, event: Event, what: str, to: Any) -> Event:
        """Something that a person does; now and then the second person is away."""
        act = super()._act(event, what, to)
        is_away = what in CAN_WAIT and self.rng.random() < 0.6
        return act | {"second_is_away": True} if is_away else act

    def _of_proposals(self) -> tuple[str, Any]:
        """Something that takes two people, or a decision about what waits for the second."""
        rng, which = self.rng, self.rng.randrange(9)
        limit = Decimal(rng.choice((0, 1200, 25_000, 200_000)) * self.currency[2])
        return rng.choice((
            ("limit", limit),
            ("limit", limit),
            ("threshold", Decimal(rng.choice((60, 500, 9000)) * self.billing[2])),
            ("credit", (*rng.choice(random_events.CREDITS), self._little(self.billing[2]))),
            ("confirm", which),
            ("confirm", which),
            ("confirm", which),
            ("end proposal", (which, rng.choice(("REFUSED", "WITHDRAWN")))),
        ))  # fmt: skip

    def _little(self, times: int) -> Decimal:
        """A small amount, in the currency's scale `times`."""
        return Decimal(self.rng.choice((1, 3, 8, 25, 70)) * times)

    def _of_orders(self) -> tuple[str, Any]:
        """Something by hand about an order."""
        rng, (order, _) = self.rng, self._some_order()
        self.names += 1
        refund = f"by-hand-{self.names}"
        return rng.choice((
            ("cancel order", order),
            ("refund order", (order, refund, self._little(self.currency[2]))),
            ("refund order", (order, refund, self._little(self.currency[2]))),
            ("write off", order),
            ("write off", order),
        ))  # fmt: skip

    def _of_charges(self) -> tuple[str, Any]:
        """A charge by hand, or something about one."""
        rng, times = self.rng, self.billing[2]
        known = rng.choice(self.charged[-30:]) if self.charged else "no-such"
        if rng.random() < 0.3:
            self.names += 1
            key, fee = f"key-by-hand-{self.names}", rng.choice(FEES)
            amount = None if rng.random() < 0.2 else self._little(times) / 4
            self.charged.append(key)
            amount = amount and _whole(amount, self.billing)
            return "charge", (key, fee, amount, rng.randrange(1, 9), rng.choice((0, 0, 1, 8, 40)))
        part = _whole(self._little(times) / 7, self.billing)
        return rng.choice((
            ("credit on", (known, part)),
            ("credit on", (known, part)),
            ("credit on", (known, part)),
            ("undo credit", rng.randrange(9)),
            ("bill now", None),
            ("bill now", None),
        ))  # fmt: skip

    def _of_profiles(self) -> tuple[str, Any]:
        """Something about the merchant's profile."""
        rng, part = self.rng, self.rng.choice(("licence", "contacts"))
        said = rng.choice(("mei", "lin", "somchai"))
        if part == "contacts" and rng.random() < 0.1:
            said = ""
        return rng.choice((
            ("profile", (part, said)),
            ("profile", (part, said)),
            ("confirm profile", part),
            ("confirm profile", part),
            ("reject profile", part),
        ))  # fmt: skip

    def _of_asking(self) -> tuple[str, Any]:
        """A credit that is asked for, or an answer."""
        rng = self.rng
        known = rng.choice(self.charged[-9:]) if self.charged else "no-such"
        others = {rng.choice(self.charged[-30:]) for _ in range(2)} if self.charged else set()
        part = _whole(self._little(self.billing[2]) / 7, self.billing)
        return rng.choice((
            ("ask credit", (known, part)),
            ("ask credit", (known, part)),
            ("dispute", sorted(others | {known})),
            ("answer credit", (rng.randrange(9), True)),
            ("answer credit", (rng.randrange(9), True)),
            ("answer credit", (rng.randrange(9), False)),
        ))  # fmt: skip

    def _of_arrivals(self) -> tuple[str, Any]:
        """Transfers that are heard of late, as the due days of bills are what that is about."""
        rng = self.rng
        self.names += rng.choice((0, 1, 1, 1))
        some = rng.choice((None, rng.randrange(9), rng.randrange(9), rng.randrange(9)))
        sent = Decimal(rng.choice((4, 20, 39, 120, 600)) * self.billing[2])
        days = rng.choice((0, 1, 2, 9, 30, 70))
        late = (f"bank-{self.names}", some, sent, days)
        return rng.choice((
            ("late transfer", late),
            ("late transfer", late),
            ("value date", (rng.randrange(9), days + 9)),
            ("value date", (rng.randrange(9), days + 20)),
            ("block card", rng.randrange(9)),
        ))  # fmt: skip

    def _of_schedules(self) -> tuple[str, Any]:
        """Something about when a bill is collected: holds, due days, payment plans."""
        rng = self.rng
        which = rng.randrange(9)
        terms = (which, rng.choice((2, 2, 3, 4, 13)), rng.choice((1, 1, 3, 8)),
                 rng.choice((1, 2, 5, 30, 60)))  # fmt: skip
        return rng.choice((
            ("hold", (which, rng.choice((1, 3, 9, 28, 29)))),
            ("hold", (which, rng.choice((1, 3, 9, 28)))),
            ("go on", which),
            ("go on", which),
            ("plan parts", terms),
            ("plan parts", terms),
            ("plan parts", terms),
            ("plan parts", terms),
            ("hold", (which, rng.choice((1, 3, 9, 28)))),
            ("cancel plan", which),
            ("due day", (which, rng.choice((2, 9, 14, 40, 95)))),
            ("waive", (which, rng.choice((None, _whole(self._little(self.billing[2]) / 3,
                                                       self.billing))))),
        ))  # fmt: skip

    def _of_money(self) -> tuple[str, Any]:
        """A correction of money: proceeds, withdrawals, transfers."""
        rng = self.rng
        amount = self._little(self.currency[2]) * rng.choice((1, 1, -1))
        to = rng.choice(("", self.reference, "shop-0", "shop-1", "shop-2"))
        return rng.choice((
            ("correct", amount),
            ("correct", amount),
            ("take correction back", rng.randrange(9)),
            ("send back withdrawal", rng.randrange(9)),
            ("paid after all", rng.randrange(9)),
            ("block destination", rng.randrange(9)),
            ("move transfer", (rng.randrange(9), to)),
            ("move transfer", (rng.randrange(9), to)),
            ("pay out", None),
            ("bill rest", None),
        ))  # fmt: skip

    def _of_terms(self) -> tuple[str, Any]:
        """A request for limit or threshold, or an answer."""
        rng = self.rng
        return rng.choice((
            ("ask limit", Decimal(rng.choice((900, 4000, 30_000)) * self.currency[2])),
            ("answer limit", rng.random() < 0.7),
            ("answer limit", True),
            ("ask threshold", Decimal(rng.choice((70, 180, 500)) * self.billing[2])),
            ("answer threshold", rng.random() < 0.7),
            ("answer threshold", True),
            ("issuer", rng.choice(("DE", "FR", "DE", "FR", ""))),
            ("lift", "UNPAID_BILL"),
            ("details", rng.choice(PARTIES)),
            ("details", rng.choice(PARTIES)),
            ("treatment", (rng.choice(TREATMENTS), rng.choice((-9, -1, 0, 0, 3)))),
        ))  # fmt: skip


def _whole(amount: Decimal, currency: tuple[str, int, int]) -> Decimal:
    """The amount, rounded to the currency's smallest unit; at least one of those."""
    smallest = Decimal(1) / currency[1]
    return max(smallest, (amount / smallest).to_integral_value() * smallest)
