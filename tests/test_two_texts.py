"""What colleagues write for each other is theirs, and merchants read what was written for them
(rule 22.5). Found: "Suspected fraud: call" was shown to the merchant word for word.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.core import mail
from django.db.models import Model
from django.test import Client

from backoffice import decision_pages
from backoffice.decision_pages import Deciding
from credit.explanations import BY_OUR_TEAM
from credit.models import CreditLine, Freeze, LimitEntry, LimitReview
from merchants import roles
from merchants.models import Proposal, User
from notices.models import Notice
from notices.operations import mails
from tests.billing import operator_decisions as billing
from tests.billing.operator_decisions import DECIDED_AT, DECIDER
from tests.credit import operator_decisions as credit
from tests.factories import FreezeFactory, browser_of, member, operator, proved
from tests.gateway.asking import Caller, said
from tests.shops import Shop
from tests.text import text_of
from tests.trail.test_trail_of_decisions import page_of
from tests.trail.trail_case import Case
from tests.trail.trail_cases import CASES
from tests.whole import some
from trail.models import TrailEntry

pytestmark = pytest.mark.django_db

OURS, THEIRS = "Suspected fraud: call", "Please call us before Friday."
TEXTS = {"reason": OURS, "told": THEIRS}
# Whoever asked is answered, and is told more than a standard sentence.
MUST_TELL = {
    *(("limitrequest", name) for name in ("approve", "reject", "answer")),
    *(("withdrawal", name) for name in ("reject", "failed", "sent-back")),
    *(("profile", name) for name in ("reject-licence", "reject-contacts")),
    *(("billingcredit", name) for name in ("approve", "reject", "undo")),
    *(("thresholdrequest", name) for name in ("approve", "reject")),
    ("billingquestion", "answer"),
    ("billingdetails", "reject"),
    ("banktransfer", "move"),
    ("bankline", "take-off"),
    ("billingaccount", "credit"),
    ("billingaccount", "charge"),
    *(("invoice", name) for name in ("waive", "due-day", "pause", "resume")),
    *(("invoice", name) for name in ("plan", "cancel-plan")),
    ("charge", "credit"),
    ("order", "cancel"),
    ("order", "write-off"),
    ("creditline", "correct"),
    ("proceedscorrection", "take-back"),
    ("payoutdestination", "block"),
    ("card", "block"),
}
MAY_TELL = {
    ("billingaccount", "close"),
    ("billingaccount", "reopen"),
    ("creditline", "limit"),
    ("creditline", "days"),
    ("creditline", "freeze"),
    ("freeze", "lift"),
    ("limitreview", "approve"),
    ("limitreview", "reject"),
}
PAGES = [
    "",
    "notices/",
    "settings/profile/",
    *(
        f"credit/{path}"
        for path in (
            *("limit/", "limit/entries.csv", "freezes/", "raise/", "raise/requests/"),
            *("raise/reviews/", "check/", "proceeds/", "withdrawals/"),
            *("withdrawals.csv", "proceeds/entries.csv", "orders/", "withdrawals/new/"),
        )
    ),
    *(
        f"billing/{path}"
        for path in (
            *("charges/", "credits/", "settings/", "settings/threshold/requests/", "invoices/"),
            "settings/details/",
            *("unapplied/", "pricing/", "statements/", "outlook/"),
        )
    ),
]
API = [
    *("credit-line", "credit-line/entries", "credit-line/freezes", "credit-line/reviews"),
    *("withdrawals", "proceeds/entries", "charges", "invoices"),
]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the decisions' pages stands at DECIDED_AT."""
    monkeypatch.setattr(decision_pages, "clock", SimpleNamespace(now=lambda: DECIDED_AT))


def told_decisions() -> Iterator[tuple[str, str, bool]]:
    """Each decision whose form has a text for the merchant, and whether it has to be filled in."""
    for model, pages in admin.site._registry.items():
        if isinstance(pages, Deciding):
            for one in pages.decisions:
                if "told" in one.form.base_fields:
                    name = str(model._meta.model_name)
                    yield name, one.name, one.form.base_fields["told"].required


def test_each_decision_that_answers_a_merchant_has_a_text_for_it() -> None:
    found = set(told_decisions())
    assert {(model, name) for model, name, is_needed in found if is_needed} == MUST_TELL
    assert {(model, name) for model, name, is_needed in found if not is_needed} == MAY_TELL


CASES_THAT_TELL = [case for case in CASES if (case.model, case.name) in MUST_TELL | MAY_TELL]
# Decisions that one shop can hear of together: what it reads then is looked through once for all.
# Each of the others has a shop of its own.
TOGETHER = [
    {
        *("limitreview-approve", "limitrequest-answer", "withdrawal-reject"),
        *("withdrawal-failed", "profile-reject-licence"),
    },
    {
        *("freeze-lift", "limitreview-reject", "limitrequest-approve", "withdrawal-sent-back"),
        *("profile-reject-contacts", "order-cancel"),
    },
    {"creditline-limit", "creditline-freeze", "limitrequest-reject", "payoutdestination-block"},
    {"billingcredit-approve", "thresholdrequest-approve", "billingaccount-credit"},
    {"billingcredit-reject", "thresholdrequest-reject", "charge-credit"},
]


def groups(cases: list[Case]) -> list[list[Case]]:
    """The cases in groups, each of which is about one shop."""
    together = [[case for case in cases if str(case) in names] for names in TOGETHER]
    apart = [[case] for case in cases if not any(str(case) in names for names in TOGETHER)]
    return [group for group in together + apart if group]


def named(group: list[Case]) -> str:
    """The name of a group of cases."""
    return "+".join(map(str, group))


def texts_of(case: Case) -> dict[str, str]:
    """The two texts of the case: for colleagues, and for the merchant."""
    return {"reason": f"{OURS} ({case})", "told": f"{THEIRS} ({case})"}


def decide(browser: Client, case: Case, shop: Shop, texts: dict[str, str]) -> Model:
    """Send the decision with these texts: the row that it is about."""
    assert case.row is not None
    row = case.row(shop)
    content = {name: value for name, value in case.said.items() if name not in ("reason", "told")}
    answer = browser.post(page_of(case, row), content | texts)
    assert answer.status_code == 302, answer.context["form"].errors
    return row


def page_of_row(row: Any) -> list[str]:
    """The merchant's pages on which the row is shown."""
    match row._meta.model_name:
        case "withdrawal" | "order" as kind:
            return [f"credit/{kind}s/{row.reference}/"]
        case "billingcredit":
            return [f"billing/credits/{row.pk}/"]
        case "invoice":
            return [f"billing/invoices/{row.number}/"]
    return []


def read_by_the_merchant(shop: Shop, *rows: Model) -> str:
    """All that the merchant's people and systems can read of these rows."""
    owner = proved(member(shop, email="owner@shop.example"))
    pages = [*PAGES, *(page for row in rows for page in page_of_row(row))]
    if shop.line.reviews.exists():
        pages.append("credit/raise/reviews/2026-11/")
    if shop.account.credits.exists():
        pages.append(f"billing/credits/{shop.account.credits.latest('pk').pk}/")
    read = []
    for path in pages:
        answer = owner.get(f"/m/{shop.reference}/{path}")
        assert answer.status_code == 200, path
        is_stream = answer.streaming
        content = b"".join(answer) if is_stream else answer.content
        read.append(text_of(SimpleNamespace(content=content)))
    caller = Caller("read")
    read += [str(said(caller.get(f"/merchants/{shop.reference}/{path}"))) for path in API]
    mail.outbox.clear()
    unsent = Notice.objects.filter(merchant=shop.merchant).order_by("pk")
    mails.send(list(unsent.values_list("pk", flat=True)), now=DECIDED_AT)
    read += [str(letter.body) for letter in mail.outbox]
    return "\n".join(read)


@pytest.mark.parametrize("group", some(groups(CASES_THAT_TELL), 36), ids=named)
def test_the_merchant_reads_its_own_text_and_never_that_for_colleagues(
    group: list[Case], settings: Any
) -> None:
    join = group[0].join
    settings.TAEL_SANDBOX = join is billing.join
    shop, browser = join(), browser_of(operator(*roles.names(), email=DECIDER))
    rows = [decide(browser, case, shop, texts_of(case)) for case in group]
    read = read_by_the_merchant(shop, *rows)
    assert OURS not in read
    for case in group:
        ours, theirs = texts_of(case).values()
        assert theirs in read, case
        assert TrailEntry.objects.filter(reason=ours, actor=DECIDER).exists()
    assert not TrailEntry.objects.filter(reason__startswith=THEIRS).exists()


@pytest.mark.full  # what was written is read above
@pytest.mark.parametrize(
    "case", some([one for one in CASES_THAT_TELL if (one.model, one.name) in MAY_TELL], 9), ids=str
)
def test_a_standard_sentence_stands_in_where_nothing_was_written(case: Case, settings: Any) -> None:
    settings.TAEL_SANDBOX = False
    shop, browser = case.join(), browser_of(operator(*roles.names(), email=DECIDER))
    row = decide(browser, case, shop, {"reason": OURS, "told": ""})
    read = read_by_the_merchant(shop, row)
    assert str(BY_OUR_TEAM) in read
    assert OURS not in read


@pytest.mark.parametrize(
    "case",
    some([one for one in CASES_THAT_TELL if (one.model, one.name) in MUST_TELL], 36),
    ids=str,
)
def test_an_answer_needs_both_texts(case: Case, settings: Any) -> None:
    settings.TAEL_SANDBOX = case.join is billing.join
    shop = case.join()
    assert case.row is not None
    page = page_of(case, case.row(shop))
    browser = browser_of(operator(*roles.names(), email=DECIDER))
    for name in TEXTS:
        answer = browser.post(page, case.said | TEXTS | {name: "  "})
        assert list(answer.context["form"].errors) == [name]


def test_the_help_of_the_form_names_the_standard_sentence() -> None:
    shop = credit.join()
    browser = browser_of(operator("Credit officer"))
    said_there = text_of(browser.get(f"/admin/credit/creditline/{shop.line.pk}/decide/freeze/"))
    assert f"Left empty: “{BY_OUR_TEAM}”" in said_there


@pytest.mark.full  # those of today are, above
def test_reasons_from_before_are_for_colleagues() -> None:
    """They were written when there was one text only."""
    shop = credit.join()
    freeze = FreezeFactory.create(shop=shop, at="2026-11-03 10:00", note=OURS)
    review = shop.line.reviews.get()
    LimitReview.objects.filter(pk=review.pk).update(
        status="REJECTED", decided_by=DECIDER, decided_at=DECIDED_AT, decision_reason=OURS
    )
    LimitEntry.objects.create(
        line=shop.line, kind="LIMIT_SET", currency="USD", limit_change=shop.line.limit,
        limit_after=shop.line.limit, used_after=shop.line.used, actor=DECIDER, reason=OURS,
        at=DECIDED_AT,
    )  # fmt: skip
    details = {"status": "REJECTED", "grade": "A", "currency": "USD", "limit_before": "1.00",
               "limit_proposed": "2.00", "limit_given": "1.00", "reason": OURS}  # fmt: skip
    Notice.objects.create(
        merchant=shop.merchant, kind="REVIEW", cause="before", details=details, at=DECIDED_AT
    )
    read = read_by_the_merchant(shop, freeze)
    assert OURS not in read
    assert f"A raise to 2.00\N{NO-BREAK SPACE}USD was not agreed to: {BY_OUR_TEAM}" in read
    assert read.count(str(BY_OUR_TEAM)) >= 5


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("zh-hans", "这是平台团队的决定。"), ("th", "ทีมงานของเราเป็นผู้ตัดสินใจเรื่องนี้")],
)
def test_the_standard_sentence_is_in_the_readers_language(language: str, sentence: str) -> None:
    shop = credit.join()
    FreezeFactory.create(shop=shop, at="2026-11-03 10:00", note=OURS)
    owner = proved(member(shop, language=language))
    assert sentence in text_of(owner.get("/m/rosewood/credit/freezes/"))


def test_a_rules_freeze_has_no_sentence_of_anybody() -> None:
    shop = credit.join()
    Freeze.objects.create(
        line=shop.line, reason="OVERDUE", placed_at=DECIDED_AT, placed_by="day-end"
    )
    CreditLine.objects.filter(pk=shop.line.pk).update(freezes_in_force=1)
    owner = proved(member(shop))
    assert str(BY_OUR_TEAM) not in text_of(owner.get("/m/rosewood/credit/freezes/"))


def test_a_proposal_carries_both_texts_and_shows_both_to_the_second_person() -> None:
    shop = credit.join()
    first = browser_of(operator("Credit officer", email=DECIDER))
    page = f"/admin/credit/creditline/{shop.line.pk}/decide/limit/"
    assert first.post(page, {"limit": "90000", **TEXTS}).status_code == 302
    proposal = Proposal.objects.get()
    assert (proposal.reason, proposal.arguments["told"]) == (OURS, THEIRS)
    second = browser_of(operator("Credit officer", email="otto@tael.example"))
    address = f"/admin/merchants/proposal/{proposal.pk}/decide/confirm/"
    shown = text_of(second.get(address))
    assert OURS in shown
    assert f"The merchant will read: {THEIRS}" in shown
    assert second.post(address).status_code == 302
    entry = LimitEntry.objects.latest("pk")
    assert (entry.reason, entry.told) == (OURS, THEIRS)
    assert User.objects.filter(email=DECIDER).exists()
