"""Collects bills: asks their providers (rule 16.1); settling.py writes down what they answer.

An attempt is on record before its provider is asked, and the provider knows it by its key, so that
a crash in between never pays twice: the provider is asked about an attempt without an answer, and
nothing else is tried for its bill until the answer is there. What the provider never received is
made again under the same key. A process that asks holds a lease of the bill, and renews it right
before each request to pay.
"""

import logging
from contextlib import AbstractContextManager
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from billing.models import BillingAccount, Invoice, Payment
from billing.operations import asking, at_once, plan_parts
from billing.operations.attempts import COLLECTOR, new_payment
from billing.operations.invoice_decisions import InvoiceNotOpen, hold
from billing.operations.settling import settle
from billing.providers import hurry
from billing.providers.minimums import is_too_little
from billing.providers.registry import PROVIDERS, Answer
from billing.queries import choices, invoices, payment_plans, undecided
from billing.trail import Action
from jobs import leases
from jobs.silences import Silences
from lib import money, reconnecting
from lib.refusals import Refused
from trail import operations as trail

log = logging.getLogger(__name__)


class PaymentUnderWay(Refused):
    """A payment of this bill has no answer of its provider yet; there is one at a time."""

    code = "payment_under_way"
    sentence = _(
        "A payment of this bill is being checked. Wait for its outcome before you try again."
    )


class NoPaymentMethod(Refused):
    """The account pays by bank transfer, so nothing can be collected."""

    code = "no_payment_method"
    sentence = _(
        "Your bills are paid by bank transfer. Choose another method under Billing settings first."
    )


class TooLittle(Refused):
    """Less is left of the bill than its provider collects, so it waits for a transfer."""

    code = "too_little"
    sentence = _(
        "That is less than can be collected from your method. Pay it by bank transfer, or choose"
        " another method."
    )


class CardDisputed(Refused):
    """A payment from the card was disputed; nothing is collected from it until the merchant chooses
    a method.
    """

    code = "card_disputed"
    sentence = _(
        "A payment from this card was disputed. Choose a method under Billing settings first; it"
        " may be the same card."
    )


class InvoiceChanged(Refused):
    """The bill was tried since the page was shown to the person who wants to pay it."""

    code = "invoice_changed"
    sentence = _(
        "Something has changed since you opened this bill, so nothing was tried. See its history"
        " below."
    )


def collect(invoice_id: int, *, now: datetime, silences: Silences | None = None) -> Payment | None:
    """Try to collect an open bill that is due, or what is due of its payment plan. If it has an
    attempt without an answer, its provider is asked about that first.

    `silences` counts the providers that did not answer in this run. It holds a lease of the bill
    meanwhile, and commits before it asks, so it is not called in a transaction. The merchant is
    notified of a failure that counts. Returns the new attempt, which may have failed or have no
    answer yet; or None if the bill is not due or cannot be collected now, still has an earlier
    attempt without an answer, or is in another process's hands. If too little is due or it was
    tried too often, its `next_attempt_at` is moved or cleared. It locks the bill, its account and
    its credit line. Raises UnknownInvoice, ProviderNotReady, and KeepsSilent for a provider that
    the run asks no more. Rule 16.1.
    """
    return _try_to_collect(invoice_id, actor=COLLECTOR, silences=silences, now=now)


def pay_now(
    *, invoice_id: int, actor: str, now: datetime, attempts_seen: int | None = None
) -> Payment:
    """Try to collect all that is left of an unpaid bill at once, due or not, and also under a
    payment plan, because a person wants to; returns the attempt, which may have failed or have no
    answer yet. Its retries stay as they are, unless the failure turns out to be one that no waiting
    mends. Writes a trail row. The merchant may be notified of a failure, and a freeze lifted. It
    locks the bill, its account and its credit line, and commits before it asks, so it is not called
    in a transaction.

    `attempts_seen` is how many attempts the page showed, so that a form sent twice makes one
    attempt. Raises UnknownInvoice, InvoiceChanged, InvoiceNotOpen, PaymentUnderWay (also while
    another process has the bill), NoPaymentMethod, TooLittle, CardDisputed, TooManyAttempts,
    ProviderNotReady. Rule 16.5.
    """
    payment = _try_to_collect(invoice_id, actor=actor, now=now, attempts_seen=attempts_seen)
    if payment is None:
        raise PaymentUnderWay("payment: one of this bill is being checked")
    return payment


def collect_chosen(merchant_id: int, *, now: datetime) -> Payment | None:
    """Try to collect the oldest of the account's unpaid bills that are to be tried by now
    (`next_attempt_at`), right after a choice of method, within the seconds that a page waits. The
    other bills are left to the job.

    Returns the new attempt, which may have failed or have no answer yet; or None if no bill is to
    be tried, or `collect` could not make one. It locks the bill, its account and its credit line,
    and commits before it asks, so the choice is committed before and it is not called in a
    transaction. The merchant is notified of a failure that counts. Raises ProviderNotReady, and
    UnknownInvoice. Rule 16.9.
    """
    due = invoices.to_collect_of(merchant_id, now)
    if not due:
        return None
    with hurry.within():
        return _try_to_collect(due[0], actor=COLLECTOR, now=now)


def _try_to_collect(
    invoice_id: int,
    *,
    actor: str,
    now: datetime,
    attempts_seen: int | None = None,
    silences: Silences | None = None,
) -> Payment | None:
    """Ask about the bill's attempt without an answer, if it has one, and then make the next attempt
    and ask its provider to pay it. It holds a lease of the bill, and for each step locks the bill,
    its account and its credit line, and commits. One that a person makes has a trail row. The
    merchant is notified of a failure that counts. `attempts_seen` is how many attempts a person's
    page showed.

    Returns the new attempt; or None if the bill is not due, still has an attempt without an answer,
    or is in another process's hands. Raises what `collect` raises if the `actor` is COLLECTOR, the
    job, and otherwise what `pay_now` raises. `silences` counts, over a run, which providers do not
    answer.
    """
    silences = silences or Silences()
    if silences.given_up:  # most of what is left of such a run is put off here, without any lock
        found = Invoice.objects.filter(pk=invoice_id)
        silences.check(found.values_list("account__payment_method", flat=True).first() or "")
    with _lease_for_asking(invoice_id) as lease:
        if lease is None:
            silences.leave()
            return None
        if not _decide_undecided(invoice_id, lease, silences, now):
            return None
        payment = _start_attempt(invoice_id, actor, now, attempts_seen, silences)
        if payment is None or not payment.is_undecided:
            return payment
        return _ask_to_pay(payment, lease, silences, now)


def reconcile(
    payment_id: int, *, now: datetime, actor: str = "", silences: Silences | None = None
) -> None:
    """Ask the provider about the attempt without an answer of the payment's bill, and record what
    it says, with a trail row if a person asked and the attempt's status changed; the merchant is
    notified of a failure that counts. Does nothing if there is no such attempt or payment, or
    another process has the bill.

    `actor` is the person who asks for it, "" for a job. An attempt that the provider never received
    is made again, under the same key, or has failed if it is not wanted any more. It locks the
    bill, its account and its credit line, and commits in between, so it is not called in a
    transaction. Raises ProviderNotReady, and KeepsSilent for a provider that the run asks no more.
    Rule 16.1, rule 16.2.
    """
    found = Payment.objects.filter(pk=payment_id).values_list("invoice", flat=True).first()
    if found is None:
        return
    silences = silences or Silences()
    with _lease_for_asking(found) as lease:
        if lease is None:
            silences.leave()
        else:
            _decide_undecided(found, lease, silences, now, asked_by=actor)


def _lease_for_asking(invoice_id: int) -> AbstractContextManager[leases.Held | None]:
    """A lease for asking a provider about the bill; the block gets None if another process has
    it.
    """
    return leases.held(f"bill {invoice_id}")


def _ask_to_pay(
    payment: Payment,
    lease: leases.Held,
    silences: Silences,
    now: datetime,
    *,
    asked_by: str = "",
) -> Payment:
    """Ask the provider to take the payment, and record the answer (`_write_down`), under the locks
    of the bill, its account and its credit line; returns the payment as it is then.

    A process that has lost the lease sends nothing, logs that, and leaves the attempt to the
    process that has it.
    """
    if not lease.renew():
        log.warning("Payment %s: not sent, since the lease of its bill was lost", payment)
        silences.leave()
        return payment
    answer = asking.to_pay(payment, silences=silences, now=now)
    return _write_down(payment, answer, now, asked_by=asked_by)


def _write_down(payment: Payment, answer: Answer, now: datetime, *, asked_by: str) -> Payment:
    """Record the provider's answer (settle), of which the merchant may be notified, on a new
    connection if the old one broke meanwhile; if a person, `asked_by`, asked for it and the status
    has changed, write that on the trail. Returns the payment as it is then. It locks the bill, its
    account and its credit line.
    """

    @transaction.atomic
    def write() -> Payment:
        """Settle the payment and, if a person asked the provider and its status changed, write the
        trail row; returns the payment. It locks the bill, its account and its credit line.
        """
        settled = settle(payment.pk, answer, now=now)
        if asked_by and settled.status != payment.status:
            account, _ = hold(payment.invoice_id, now=now)
            before, after = {"status": payment.status}, {"status": settled.status}
            what = Action.PAYMENT_LOOKED_UP
            _write_trail(what, payment, before, after, actor=asked_by, now=account.now)
        return settled

    return reconnecting.again(write)


def _decide_undecided(
    invoice_id: int,
    lease: leases.Held,
    silences: Silences,
    now: datetime,
    *,
    asked_by: str = "",
) -> bool:
    """Ask about the bill's attempt without an answer, if there is one, and record the answer;
    returns whether all attempts of the bill are decided now.

    An attempt that was never received, and can't arrive any more, is made again under its key. If
    it is not wanted any more (_claim_again), as when another method was chosen meanwhile, it has
    failed instead: that is no first failure, and the bill is tried by the present method. To
    record, it locks the bill, its account and its credit line, and the merchant may be notified.
    `silences` counts, over a run, which providers do not answer.
    """
    payment = undecided.payment(invoice_id)
    if payment is None:
        return True
    silences.check(payment.provider)
    PROVIDERS[payment.provider].check_ready()
    answer = asking.about(payment, silences=silences)
    if answer is None and payment.last_asked_at + undecided.ANSWERED_WITHIN > now:
        answer = Answer.undecided("")
    if answer is None and _claim_again(payment, now):
        settled = _ask_to_pay(payment, lease, silences, now, asked_by=asked_by)
    else:
        answer = answer or Answer.failed(Payment.NEVER_RECEIVED)
        settled = _write_down(payment, answer, now, asked_by=asked_by)
    return not settled.is_undecided


# durable: the provider must not be asked before this is committed.
@transaction.atomic(durable=True)
def _claim_again(payment: Payment, now: datetime) -> bool:
    """Decide and commit whether an attempt that was never received is to be made again, and return
    that; if so, its provider counts as asked again from now on.

    It is not, if it is decided, its bill is not to be paid any more, the account has another method
    or card now, or the card is disputed. It locks the bill, its account and its credit line.
    """
    account, invoice = hold(payment.invoice_id, now=now)
    found = Payment.objects.select_for_update().get(pk=payment.pk)
    method = (account.payment_method, account.card_id)
    is_wanted = _is_collected(invoice) or (invoice.is_unpaid and payment.actor != COLLECTOR)
    is_wanted = is_wanted and not account.has_disputed_card
    if not found.is_undecided or not is_wanted or method != (found.provider, found.card_id):
        return False
    payment.asked_again_at = found.asked_again_at = account.now
    found.save(update_fields=["asked_again_at"])
    return True


def _write_trail(
    action: Action,
    payment: Payment,
    before: dict[str, str],
    after: dict[str, str],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Write a trail row about the payment, with its values before and after."""
    trail.write(
        action,
        merchant_id=payment.invoice.account_id,
        subject=str(payment),
        before=before,
        after=after,
        actor=actor,
        now=now,
    )


# durable: the provider must not be asked before this is committed.
@transaction.atomic(durable=True)
def _start_attempt(
    invoice_id: int, actor: str, now: datetime, attempts_seen: int | None, silences: Silences
) -> Payment | None:
    """Write the next attempt and return it. It is PENDING; or decided already, if its provider
    keeps its books in our database, or its card may not be charged. One that a person makes is on
    the trail. The merchant may be notified of one that has failed.

    For the job (COLLECTOR), returns None if the bill is not due or can't be collected now; if too
    little is due or it was tried too often, its `next_attempt_at` is moved or cleared. A person
    gets a refusal instead: InvoiceNotOpen, NoPaymentMethod, TooLittle, CardDisputed,
    TooManyAttempts. `attempts_seen` is how many attempts the person's page showed. Raises
    UnknownInvoice, InvoiceChanged, ProviderNotReady, and KeepsSilent for a provider that the run
    asks no more. It locks the bill, its account and its credit line.
    """
    account, invoice = hold(invoice_id, now=now)
    now = account.now
    if attempts_seen is not None and attempts_seen != invoice.payments.count():
        raise InvoiceChanged(f"bill: {invoice} was tried meanwhile; look at it again")
    wanted = invoice.left_to_pay
    if actor == COLLECTOR:
        is_due = invoice.next_attempt_at is not None and invoice.next_attempt_at <= now
        if not _is_collected(invoice) or not is_due or account.payment_method not in PROVIDERS:
            return None
        wanted = _wanted(account, invoice)
        if wanted.amount <= 0 or is_too_little(account, wanted):
            _wait(account, invoice)
            return None
        if invoice.next_attempt_by and _put_off(invoice, now):
            return None
    elif not invoice.is_unpaid:
        raise InvoiceNotOpen(f"bill: {invoice} is {invoice.status}")
    elif account.payment_method not in PROVIDERS:
        raise NoPaymentMethod("payment: bills are paid by bank transfer; choose a method first")
    elif is_too_little(account, invoice.left_to_pay):
        raise TooLittle(f"payment: less is left of {invoice} than {account.payment_method} takes")
    elif account.has_disputed_card:
        raise CardDisputed("payment: a payment from the card was disputed; choose a method first")
    elif choices.next_attempt_from(invoice, collector=COLLECTOR, now=now) > now:
        raise at_once.TooManyAttempts(f"payment: {invoice} was tried five times within 24 hours")
    silences.check(account.payment_method)
    provider = PROVIDERS[account.payment_method]
    provider.check_ready()
    payment = new_payment(
        invoice, provider=account.payment_method, card_id=account.card_id, amount=wanted,
        actor=actor, now=now,
    )  # fmt: skip
    if actor != COLLECTOR:
        what = {"amount": money.full(payment.amount), "provider": payment.provider}
        _write_trail(Action.PAYMENT_STARTED, payment, {}, what, actor=actor, now=now)
    if account.has_disputed_card:
        return settle(payment.pk, Answer.failed(Payment.CARD_DISPUTED, is_hard=True), now=now)
    if provider.is_local:
        return settle(payment.pk, provider.collect(payment, now=now), now=now)
    return payment


def _put_off(invoice: Invoice, now: datetime) -> bool:
    """Postpone an attempt on the locked bill if people have had it tried five times within
    24 hours, and return whether it was postponed. The bill's `next_attempt_at` is then 24
    hours after the first of the latest five attempts, and is saved here. It is for attempts
    that a choice of method has caused, which the caller has looked at.
    """
    possible_at = choices.next_attempt_from(invoice, collector=COLLECTOR, now=now)
    if possible_at <= now:
        return False
    invoice.next_attempt_at = possible_at
    invoice.save(update_fields=["next_attempt_at"])
    return True


def _is_collected(invoice: Invoice) -> bool:
    """Whether the bill is tried by itself: it is open, or under a payment plan, which
    is looked up.
    """
    return invoice.is_open or payment_plans.in_force(invoice) is not None


def _wanted(account: BillingAccount, invoice: Invoice) -> Money:
    """What is collected of the bill by itself: all that is left to pay, or, under a payment plan,
    what is not paid of its parts that are due today or were before.
    """
    plan = payment_plans.in_force(invoice)
    if plan is None:
        return invoice.left_to_pay
    return payment_plans.due_by(plan, invoice, account.open_on)


def _wait(account: BillingAccount, invoice: Invoice) -> None:
    """Stop trying the locked bill automatically, of which too little is due, until its account's
    method changes or, under a payment plan, until the day of the next part.
    """
    plan = payment_plans.in_force(invoice)
    invoice.next_attempt_at = None
    if plan is not None:
        invoice.next_attempt_at = plan_parts.next_attempt(
            account, invoice, plan, after=account.open_on
        )
    invoice.save(update_fields=["next_attempt_at"])
