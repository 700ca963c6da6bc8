"""The shop that keeps reaching its threshold. It asks for a higher one, and its card fails for
lack of funds.
"""

from collections.abc import Iterator

from config.local.demo import actions
from config.local.demo.actions import Action
from config.local.demo.season import Days

OWNER = "owner@lakeside.example"
FINANCE = "finance@lakeside.example"
CARD, CARD_ENDS = "4242 4242 4242 4242", "4242"
ACCOUNT, ACCOUNT_ENDS, ROUTING = "000123456789", "6789", "021000021"
HOLDER, BANK = "Lakeside Outfitters LLC", "First Lake Bank"
MONDAY = 1


def chapter(days: Days) -> Iterator[Action]:
    """Yield what people did for this shop, each action with its instant; not in order of time."""
    at, ago = days.at, days.ago
    yield Action(at(0, 10), actions.add_card("4242", by=OWNER))
    yield Action(at(0, 11), actions.confirm_details(
        HOLDER, "120 Lake Shore Drive\nChicago, IL 60611", "US", "", by=OWNER))  # fmt: skip
    yield Action(at(15, 10), actions.add_bank_card(
        CARD, holder=HOLDER, bank=BANK, by=OWNER))  # fmt: skip
    yield Action(at(45, 10), actions.withdraw("first", "3000.00", to=CARD_ENDS, by=FINANCE))
    yield Action(at(80, 10), actions.withdraw("second", "9500.00", to=CARD_ENDS, by=FINANCE))
    yield Action(at(81, 10), actions.add_bank_account(
        ACCOUNT, routing=ROUTING, country="US", holder=HOLDER, bank=BANK, by=OWNER))  # fmt: skip
    yield Action(at(83, 10), actions.withdraw_each_week(
        MONDAY, "3000.00", to=ACCOUNT_ENDS, by=OWNER))  # fmt: skip

    yield Action(at(30, 10), actions.ask_threshold(
        "250.00", "We are billed three times a week.", by=FINANCE))  # fmt: skip
    yield Action(at(31, 11), actions.reject_threshold(
        "Please ask again when three months of bills are paid."))  # fmt: skip
    yield Action(ago(2, 10), actions.ask_threshold(
        "300.00", "Three months of bills are paid: one a week would do.", by=FINANCE))  # fmt: skip

    yield Action(at(48, 10), actions.ask_raise(
        "12000.00", "Black Friday is coming.", by=OWNER))  # fmt: skip
    yield Action(at(49, 16), actions.reject_raise(
        "Your rating costs you the most points: from 4.5 on we gladly look again."))  # fmt: skip

    yield Action(at(51, 10), actions.ask_credit(
        "lost", "credit-carrier-claim", "8.90", "The parcel never arrived.",
        on="shipping-label", by=FINANCE))  # fmt: skip
    yield Action(at(54, 12), actions.approve_credit("lost", "The carrier has confirmed the loss."))

    yield Action(at(64, 10), actions.ask_credit(
        "cartons", "credit-sourcing", "4.80", "Two of the six cartons were empty.",
        on="receiving", by=FINANCE))  # fmt: skip
    yield Action(at(65, 14), actions.reject_credit(
        "cartons", "We have the photos: all six were full when they arrived."))  # fmt: skip
    yield Action(ago(1, 9), actions.ask_credit(
        "label", "credit-wrong-method", "3.10", "It went by express; we had asked for ground.",
        on="shipping-label", by=FINANCE))  # fmt: skip

    # The new card has no funds: the bill for the rework, an hour later, can't be collected.
    yield Action(ago(1, 10), actions.add_card("9995", by=FINANCE))
