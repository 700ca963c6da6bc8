"""The rule book's examples of taxes and of what operators do by hand, by the reference alone."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from . import Model
from .shop import Shop, usd
from .two_people import Figures
from .withdrawals import Payouts

EARLY = datetime.fromisoformat("2017-01-02T00:00+00:00")


def german(**terms: Any) -> Shop:
    """A shop whose bills an issuer in Germany issues, which taxes 19 %."""
    model = Model(jobs=True)
    model.offices.countries["DE"] = "DE"
    model.introduce_rate("DE", "STANDARD", Decimal(19), date(2017, 1, 10), EARLY)
    terms = {"plan_price": "0", "billing_threshold": "100000", "payment_method": None} | terms
    shop = usd(model=model, **terms)
    shop.act("2026-11-01T10:30:00", "issuer", "DE")
    return shop


def charge(shop: Shop, at: str, reference: str, amount: str, fee: str = "pick-pack") -> None:
    """Charge a fee, which is applied."""
    what = {"charge": reference, "fee": fee, "request": "r", "quantity": 1, "amount": amount}
    assert shop.send("charge.recorded", at, currency="USD", **what).kind == "applied"


def billed(shop: Shop, at: str) -> tuple[str, list[list[str]]]:
    """What a bill of all that is outstanding comes to, and its taxes."""
    shop.act(at, "bill now")
    state = shop.model.state()["merchants"]["m"]
    return state["bills"][-1]["total"], [tax[1:] for tax in state["collected"][-1]["taxes"]]


def test_rule_28_2_a_tax_is_rounded_once_and_28_15_a_reversed_charge_has_none() -> None:
    shop = german()
    charge(shop, "2026-11-02T10:00:00", "a", "100.05")
    assert billed(shop, "2026-11-02T11:00:00") == ("119.06", [["S", "19", "100.05", "19.01"]])
    shop.act("2026-11-03T08:00:00", "details", ("FR", "FR40303265045"))
    charge(shop, "2026-11-03T10:00:00", "b", "40.00")
    assert billed(shop, "2026-11-03T11:00:00") == ("40.00", [
        ["AE", "0", "40.00", "0.00"]
    ])  # fmt: skip


def test_rule_28_4_what_is_credited_line_by_line_ends_at_nothing() -> None:
    shop = german()
    for reference in "abc":
        charge(shop, "2026-11-02T10:00:00", reference, "0.13")
    assert billed(shop, "2026-11-02T11:00:00")[0] == "0.46"
    found = []
    for day, reference in ((3, "a"), (4, "b"), (5, "c")):
        shop.act(f"2026-11-0{day}T10:00:00", "credit on", (reference, Decimal("0.13")))
        charge(shop, f"2026-11-0{day}T10:30:00", f"r-{day}", "10.00", "receiving")
        total, taxes = billed(shop, f"2026-11-0{day}T11:00:00")
        found.append((total, taxes[-1][-1]))
    assert found == [("11.75", "-0.02"), ("11.74", "-0.03"), ("11.75", "-0.02")]


def test_rule_28_17_a_closed_account_gets_the_tax_of_its_credits_back() -> None:
    shop = german()
    charge(shop, "2026-11-02T10:00:00", "a", "100.00")
    assert billed(shop, "2026-11-02T11:00:00")[0] == "119.00"
    shop.model.close("m", datetime.fromisoformat("2026-11-03T09:00:00+00:00"))
    shop.act("2026-11-03T10:00:00", "transfer", ("B-1", None, Decimal(119)))
    shop.act("2026-11-04T09:00:00", "credit on", ("a", Decimal(60)))
    assert shop.at("2026-11-04T09:00:00")["account"]["outstanding"] == "-71.40"
    shop.act("2026-11-04T09:30:00", "credit on", ("a", Decimal(40)))
    assert shop.at("2026-11-04T10:00:00")["account"]["outstanding"] == "-119.00"
    assert shop.act("2026-11-05T10:00:00", "pay out").code == "by two"
    assert shop.at("2026-11-05T11:00:00")["account"]["outstanding"] == "0.00"


def test_rule_28_5_a_void_bill_is_taken_back_by_a_note() -> None:
    shop = german()
    charge(shop, "2026-11-02T10:00:00", "a", "100.05")
    billed(shop, "2026-11-02T11:00:00")
    shop.act("2026-11-03T10:00:00", "void")
    state = shop.at("2026-11-03T11:00:00")
    assert (state["notes"], state["account"]["outstanding"]) == (
        [["DE", "-119.06", "-19.01"]],
        "100.05",
    )


def manual(**terms: Any) -> Shop:
    """A shop with a bill of 39.00 of 1 November, due on the 8th, that is to be transferred."""
    terms = {"payment_method": None, "plan_interval_days": 365, "billing_threshold": "1000"} | terms
    return usd(model=Model(jobs=True), **terms)


def standing(shop: Shop, at: str) -> list[Any]:
    """The first bill's status, what of it is paid, when it failed, its plan, and what freezes."""
    state = shop.at(at)
    found = state["collected"][0]
    names = ("status", "paid", "failed_on", "plan")
    return [*(found[name] for name in names), state["line"]["frozen"]]


def test_rule_14_5_what_is_waived_is_paid_by_a_credit_that_a_charge_answers() -> None:
    shop = manual()
    shop.act("2026-11-02T10:00:00", "transfer", ("B-1", 0, Decimal(30)))
    shop.act("2026-11-03T10:00:00", "waive", (0, None))
    state = shop.at("2026-11-03T11:00:00")
    assert state["account"]["outstanding"] == "0.00"
    assert state["collected"][0]["attempts"] == [
        ["manual", "SUCCEEDED", "30.00"],
        ["credit", "SUCCEEDED", "9.00"],
    ]
    assert state["bills"][0]["status"] == "PAID"


def test_rule_27_2_a_part_that_is_not_transferred_breaks_the_plan() -> None:
    shop = manual()
    shop.act("2026-11-01T12:00:00", "plan parts", (0, 3, 9, 10))
    shop.act("2026-11-10T23:59:00", "transfer", ("B-1", 0, Decimal(13)))
    assert standing(shop, "2026-11-20T23:59:59") == ["OPEN", "13.00", None, "IN_FORCE", []]
    assert standing(shop, "2026-11-21T00:00:00") == ["OPEN", "13.00", None, "BROKEN", []]
    assert standing(shop, "2026-11-22T00:00:00")[2] == "2026-11-22"
    assert standing(shop, "2026-12-20T00:00:00")[4] == ["UNPAID_BILL"]


def test_rule_27_2_a_card_that_fails_breaks_it_and_the_retries_follow() -> None:
    shop = manual()
    shop.act("2026-11-01T11:00:00", "card", "good")
    shop.act("2026-11-01T12:00:00", "plan parts", (0, 3, 9, 10))
    shop.run_jobs("2026-11-10T00:00:00")
    assert standing(shop, "2026-11-10T00:00:00")[:2] == ["OPEN", "13.00"]
    shop.act("2026-11-11T12:00:00", "card", "short")
    for day in range(20, 29):
        shop.run_jobs(f"2026-11-{day}T00:00:00")
    tried = shop.at("2026-11-28T00:00:00")["collected"][0]["attempts"]
    assert tried == [
        ["sandbox", "SUCCEEDED", "13.00"],
        ["sandbox", "FAILED", "13.00"],
        *[["sandbox", "FAILED", "26.00"]] * 4,
    ]
    assert standing(shop, "2026-12-18T00:00:00") == [
        *("OPEN", "13.00", "2026-11-20", "BROKEN", ["UNPAID_BILL"])
    ]


def test_rule_16_22_retries_of_a_pause_are_one_as_it_ends() -> None:
    shop = manual(payment_method="sandbox")
    shop.act("2026-11-01T10:30:00", "card", "short")
    shop.run_jobs("2026-11-01T11:00:00")
    shop.act("2026-11-01T12:00:00", "hold", (0, 5))
    tried: list[str] = []
    for hour in range(24 * 7):
        shop.run_jobs(f"2026-11-0{hour // 24 + 2}T{hour % 24:02}:00:00")
        made = len(shop.model.merchants["m"].account.invoices[0].attempts)
        if len(tried) < made:
            tried += [f"{hour // 24 + 2} {hour % 24}"] * (made - len(tried))
    assert tried[1:] == ["6 0", "6 11", "8 11"]


def test_rule_17_9_a_transfer_of_somebody_else_is_charged_here_and_pays_there() -> None:
    shop = manual()
    Shop("2026-11-01T10:00:00", "Z", model=shop.model, merchant="n", payment_method=None,
         currency="USD", timezone="UTC")  # fmt: skip
    shop.act("2026-11-02T10:00:00", "transfer", ("B-1", 0, Decimal(39)))
    assert shop.act("2026-11-03T10:00:00", "move transfer", (0, "n")).code == "by two"
    state = shop.model.state()["merchants"]
    assert state["m"]["account"]["outstanding"] == "39.00"
    assert [state[name]["bills"][0]["status"] for name in "mn"] == ["PAID", "PAID"]


def test_rule_26_19_pay_outs_of_a_day_are_one_sum() -> None:
    figures = Figures(Decimal(0), Decimal(0), Decimal(1000), Decimal(0))
    shop = usd(model=Model(jobs=True, figures={"USD": figures}))
    shop.act("2026-11-02T10:00:00", "transfer", ("B-1", None, Decimal(3000)))
    assert shop.act("2026-11-04T00:00:00", "give back", ("B-2", Decimal(600))).code is None
    assert shop.act("2026-11-04T23:59:00", "give back", ("B-3", Decimal(600))).code == "by two"
    assert shop.act("2026-11-05T00:00:00", "give back", ("B-4", Decimal(600))).code is None


@pytest.mark.parametrize(("by", "left"), [("send back withdrawal", "998.00"), ("none", "898.00")])
def test_rule_10_16_what_the_bank_sends_back_is_there_again_without_its_fee(
    by: str, left: str
) -> None:
    shop = usd(model=Model(jobs=True, payouts={"USD": Payouts(fixed=Decimal(2))}))
    shop.act("2026-11-02T09:00:00", "destination", "good")
    shop.act("2026-11-03T10:00:00", "correct", Decimal(1000))
    shop.act("2026-11-04T10:00:00", "withdraw", (0, Decimal(100)))
    shop.run_jobs("2026-11-04T11:00:00")
    if by != "none":
        assert shop.act("2026-11-05T10:00:00", by, 0).code == "by two"
    assert shop.at("2026-11-05T11:00:00")["withdrawable"] == left


def test_rule_16_19_money_that_had_arrived_by_the_due_day_was_not_late() -> None:
    shop = manual()
    assert standing(shop, "2026-11-09T00:00:00")[2] == "2026-11-08"
    shop.act("2026-11-10T10:00:00", "late transfer", ("B-1", 0, Decimal(39), 2))
    found = shop.at("2026-11-10T11:00:00")["collected"][0]
    assert (found["status"], found["collected_on"]) == ("PAID", "2026-11-08")
    assert shop.act("2026-11-10T12:00:00", "value date", (0, 1)).code == "would_count_as_late"
    assert shop.act("2026-11-10T12:00:00", "value date", (0, 3)).kind == "applied"


def test_rule_16_20_what_a_blocked_card_paid_waits_for_a_transfer() -> None:
    shop = manual(payment_method="sandbox")
    shop.act("2026-11-01T11:00:00", "card", "good")
    shop.run_jobs("2026-11-01T12:00:00")
    shop.act("2026-11-05T10:00:00", "block card", 0)
    charge(shop, "2026-11-06T10:00:00", "c", "120.00")
    shop.act("2026-11-06T10:00:00", "bill now")
    shop.run_jobs("2026-11-06T11:00:00")
    found = shop.at("2026-11-06T12:00:00")["collected"][1]
    assert (found["due_on"], found["attempts"]) == ("2026-11-13", [])
    assert shop.act("2026-11-07T09:00:00", "card", "good").code == "card_blocked"
    shop.act("2026-11-07T10:00:00", "card", "silent")
    for day in ("12", "13"):
        shop.run_jobs(f"2026-11-{day}T10:00:00")
    found = shop.at("2026-11-13T10:00:00")["collected"][1]
    assert (found["status"], len(found["attempts"])) == ("PAID", 1)


def test_rule_14_3_credits_asked_for_and_granted_stay_within_the_charge() -> None:
    shop = manual()
    charge(shop, "2026-11-02T10:00:00", "c", "40.00")
    shop.act("2026-11-02T11:00:00", "ask credit", ("c", Decimal(30)))
    assert shop.act("2026-11-02T12:00:00", "credit on", ("c", Decimal(11))).code == (
        "credit_too_large"
    )
    shop.act("2026-11-02T13:00:00", "dispute", ["c"])
    assert shop.act("2026-11-02T14:00:00", "dispute", ["c"]).code == "cannot_be_disputed"
    shop.act("2026-11-03T10:00:00", "answer credit", (0, True))
    assert shop.at("2026-11-03T11:00:00")["account"]["outstanding"] == "10.00"


def test_rule_22_6_what_nobody_confirms_in_seven_days_lapses_and_changes_nothing() -> None:
    shop = manual()

    def propose(limit: int, at: str) -> str | None:
        instant = datetime.fromisoformat(f"2026-11-{at}+00:00")
        return shop.model.act("m", "limit", instant, Decimal(limit), second_is_away=True).code

    def confirm(at: str) -> str | None:
        return shop.model.confirm("m", 0, datetime.fromisoformat(f"2026-11-{at}+00:00")).code

    assert propose(20_000, "02T10:00") == "proposed"
    assert propose(30_000, "02T11:00") == "proposal_waits"
    assert confirm("09T10:00") == "lapsed"
    assert shop.at("2026-11-09T11:00:00")["line"]["limit"] == "5000.00"
    assert propose(30_000, "09T12:00") == "proposed"
    assert confirm("16T11:59:59") is None
    assert shop.at("2026-11-16T12:00:00")["line"]["limit"] == "30000.00"


def test_rule_17_6_late_money_is_taken_back_from_what_is_unapplied() -> None:
    shop = manual(payment_method="sandbox")
    shop.act("2026-11-01T11:00:00", "card", "good")
    shop.run_jobs("2026-11-01T12:00:00")
    shop.act("2026-11-02T10:00:00", "late money", 0)
    shop.act("2026-11-03T10:00:00", "take late money back", (0, False, Decimal(30)))
    shop.act("2026-11-04T10:00:00", "give back", ("B-1", Decimal(9)))
    state = shop.at("2026-11-04T11:00:00")
    assert state["reversals"] == [["30.00", "30.00", "ACCEPTED", False]]
    assert state["unapplied"] == [
        ["RECEIVED", "39.00"], ["REVERSED", "-30.00"], ["GIVEN_BACK", "-9.00"]
    ]  # fmt: skip


def test_rule_8_4_of_a_profile_with_a_part_that_is_rejected_half_counts_at_most() -> None:
    shop = manual()
    figure = shop.model.merchants["m"].profile.figure
    shop.act("2026-11-02T10:00:00", "profile", ("licence", "L-1"))
    shop.act("2026-11-02T10:00:00", "profile", ("contacts", "Mei"))
    shop.act("2026-11-02T11:00:00", "confirm profile", "licence")
    assert [figure(Decimal(20)), figure(Decimal(80))] == [50, 80]
    shop.act("2026-11-02T12:00:00", "reject profile", "contacts")
    assert [figure(Decimal(20)), figure(Decimal(80))] == [50, 50]
    shop.act("2026-11-02T13:00:00", "profile", ("licence", "L-2"))
    assert figure(Decimal(20)) == 20


def line_in(shop: Shop, at: str, amount: int | None, which: int | None, number: str) -> None:
    """Take in a line of the bank's, which names the shop's `which`-th bill or none."""
    said = {
        "number": number, "currency": "USD", "named": [] if which is None else [("m", which)],
        "amount": amount and Decimal(amount), "payer": ("Rosewood", "DE89"), "days": 0,
        "returned": False,
    }  # fmt: skip
    shop.model.at_bank("line in", said, datetime.fromisoformat(f"{at}+00:00"))


def test_rule_19_7_nothing_is_paid_out_while_the_bank_takes_some_back() -> None:
    shop, now = german(), datetime.fromisoformat("2026-11-04T10:00+00:00")
    line_in(shop, "2026-11-03T10:00:00", 50, None, "1")
    shop.model.at_bank("place line", (0, "m", None), now)
    shop.model.close("m", now)
    out = {"number": "2", "currency": "USD", "takes_back": 0, "amount": None, "returned": True}
    shop.model.at_bank("line out", out, now)
    assert shop.act("2026-11-04T11:00:00", "pay out").code == "return_undecided"
    shop.model.at_bank("take line off", 0, now)
    assert shop.act("2026-11-04T12:00:00", "pay out").code == "nothing_to_pay_out"


def test_rule_29_14_a_line_of_another_amount_is_proposed_and_29_16_comes_back_as_a_reversal() -> (
    None
):
    shop = german(billing_threshold="200")
    charge(shop, "2026-11-02T10:00:00", "a", "210.00")  # 249.90 with its tax
    line_in(shop, "2026-11-03T10:00:00", 200, 0, "1")
    line_in(shop, "2026-11-03T11:00:00", None, 0, "2")
    state = shop.at("2026-11-03T12:00:00")
    assert state["lines of banks"] == [["200.00", "PROPOSED"], ["249.90", "BOOKED"]]
    now = datetime.fromisoformat("2026-11-04T10:00+00:00")
    shop.model.at_bank("confirm line", 0, now)
    out = {"number": "3", "currency": "USD", "takes_back": 1, "amount": None, "returned": True}
    shop.model.at_bank("line out", out, now)
    assert shop.model.at_bank("take line off", 0, now).code == "not_returnable"
    shop.model.at_bank("take line back", 0, now)
    state = shop.at("2026-11-04T11:00:00")
    assert state["reversals"] == [["249.90", "0.00", "RECORDED", False]]
    assert state["unapplied"] == [["RECEIVED", "200.00"]]
