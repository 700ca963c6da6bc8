"""What becomes of each doing of a history of money, decided by our operations and by the reference.
Both begin with the same policies, figures and taxes.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.operations import accounts
from credit.models import CreditPolicy
from gateway.events import EventRun
from lib import events
from lib.refusals import Refused
from merchants.models import Merchant
from tests import (
    bank_decisions,
    by_hand_decisions,
    cash_decisions,
    merchant_decisions,
    random_by_hand,
    random_cash,
    random_events,
    shops,
    small_decisions,
    two_people,
)
from tests.decisions import DECISIONS
from tests.factories import OperatorPolicyFactory
from tests.random_by_hand import ByHand
from tests.reference import Model
from tests.reference.two_people import Figures
from tests.reference.withdrawals import Payouts
from tests.test_against_reference import act, theirs_of, told
from tests.test_against_reference import of_act as of_decision

Kind = type[random_cash.Collected]
Doing = dict[str, Any]
Became = tuple[str, str | None]


def put_policies_in_force() -> None:
    """What withdrawals cost, and from what sum on a day's take an approval."""
    for currency, (percent, fixed, free, above) in random_cash.PAYOUTS.items():
        base = CreditPolicy.objects.filter(currency=currency).latest("version")
        figures = {name: getattr(base, name) for name in CreditPolicy.figure_names()}
        figures |= {
            "withdrawal_fee_percent": Decimal(percent), "withdrawal_fee_fixed": Decimal(fixed),
            "free_withdrawals_a_month": free, "approval_above": Decimal(above),
        }  # fmt: skip
        base.next_version(base.version + 1, date(2017, 1, 1), figures).save()


def put_figures_in_force() -> None:
    """How far one operator goes alone, and the taxes of two countries."""
    for currency, figures in random_by_hand.FIGURES.items():
        OperatorPolicyFactory.create(currency=currency, **figures)
    by_hand_decisions.put_taxes_in_force()


def reference(kind: Kind = random_cash.Collected) -> Model:
    """A model of the reference for histories of this kind, with the figures, issuers and tax rates
    that the installation has for it.
    """
    payouts = {
        currency: Payouts(Decimal(percent), Decimal(fixed), free, Decimal(above))
        for currency, (percent, fixed, free, above) in random_cash.PAYOUTS.items()
    }
    if not issubclass(kind, ByHand):
        return Model(jobs=True, payouts=payouts)
    model = Model(jobs=True, payouts=payouts, figures={
        currency: Figures(**{name: Decimal(figure) for name, figure in figures.items()})
        for currency, figures in random_by_hand.FIGURES.items()
    })  # fmt: skip
    model.offices.countries |= {prefix: prefix for prefix in by_hand_decisions.ISSUERS}
    for country, tax_class, percent in by_hand_decisions.FIRST_RATES:
        model.introduce_rate(
            country,
            tax_class,
            Decimal(percent),
            by_hand_decisions.SINCE,
            by_hand_decisions.LONG_AGO,
        )
    return model


def as_told(doing: Doing) -> Doing:
    """The event as it is told: of the instant that it says, where it arrives late."""
    told_of = {"at": doing["said"]} if "said" in doing else {}
    return {name: value for name, value in doing.items() if name != "said"} | told_of


def theirs_of_doing(model: Model, doing: Doing) -> tuple[str, str | None]:
    """What the reference's model makes of the doing: outcome, and code or None."""
    at = datetime.fromisoformat(doing["at"])
    if "said" in doing:
        outcome = model.apply(as_told(doing), at)
        return outcome.kind, outcome.code
    if doing["type"] == random_cash.JOBS:
        model.run_jobs(at)
        return "applied", None
    if doing["type"] == random_cash.PRICE:
        names = ("fee", "currency", "price", "from_on", "merchant")
        outcome = model.set_price(**{name: doing[name] for name in names}, at=at)
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.RATE:
        percent = doing["percent"] and Decimal(doing["percent"])
        outcome = model.introduce_rate(
            doing["country"], doing["class"], percent, doing["starts_on"], at
        )
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.BANK:
        outcome = model.at_bank(doing["what"], doing["to"], at)
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.FEE:
        outcome = model.add_fee(doing["fee"], doing["category"], doing["posting"])
        return outcome.kind, outcome.code
    if doing["type"] == random_by_hand.CLASS:
        outcome = model.classify(doing["fee"], doing["class"], doing["starts_on"], at)
        return outcome.kind, outcome.code
    return theirs_of(model, doing)


def of_doings(doings: Sequence[Doing]) -> Iterator[tuple[str, str | None]]:
    """What our operations make of the doings in turn: outcome, and code or None."""
    run = EventRun()
    for doing in doings:
        at = datetime.fromisoformat(doing["at"])
        if "data" in doing:
            run.apply(events.from_object(as_told(doing)), now=at)
            continue
        yield from map(told, run.finish())
        run = EventRun()
        yield of_doing(doing, at)
    yield from map(told, run.finish())


def of_doing(doing: Doing, at: datetime) -> tuple[str, str | None]:
    """What our operations make of one doing; where the second person is away, what takes two is
    proposed.
    """
    if not doing.get("second_is_away"):
        return of_decided(doing, at)
    with two_people.second_is_away():
        became = of_decided(doing, at)
    return ("applied", "proposed") if became == ("applied", "by two") else became


def of_decided(doing: Doing, at: datetime) -> tuple[str, str | None]:
    """What our operations make of one doing, with the second person there."""
    if doing["type"] == random_cash.JOBS:
        shops.run_jobs(at)
        return "applied", None
    if doing["type"] == random_events.ACT and doing["what"] in DECISIONS:
        return of_decision(doing, at)
    try:
        takes_two = done(doing, at)
    except Refused as refusal:
        return "rejected", refusal.code
    return "applied", "by two" if takes_two else None


def done(doing: Doing, at: datetime) -> bool | None:
    """Do it. Returns whether it took two people."""
    if doing["type"] in OF_ALL:
        return OF_ALL[doing["type"]](doing, at)
    merchant = Merchant.objects.get(reference=doing["merchant"])
    if doing["type"] != random_events.ACT:
        return act(doing["type"], merchant.pk, at)
    shops_come_to(merchant, at)
    acts = cash_decisions.ACTS | by_hand_decisions.ACTS | merchant_decisions.ACTS
    return (acts | small_decisions.ACTS)[doing["what"]](merchant, doing["to"], at)


# What is about no merchant alone.
OF_ALL = {
    random_cash.PRICE: cash_decisions.set_price,
    random_by_hand.RATE: by_hand_decisions.introduce_rate,
    random_by_hand.CLASS: by_hand_decisions.classify,
    random_by_hand.FEE: merchant_decisions.add_fee,
    random_by_hand.BANK: bank_decisions.act,
}


def shops_come_to(merchant: Merchant, at: datetime) -> None:
    """Work the merchant's days off up to this instant, as what there is to decide about is that of
    the open day.
    """
    with transaction.atomic():
        accounts.lock_both(merchant.pk, now=at)
