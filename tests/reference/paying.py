"""What pays bills, and what comes of those that are not paid (chapters 16, 17 and 19 of
docs/rules.md). Who asks providers is in collecting.py.
"""

from datetime import date, timedelta
from decimal import Decimal

from .days import ONE_DAY
from .invoices import Attempt, Charge, Invoice, numbers
from .ledger import Ledger

DUE_DAYS = 7
DUNNING_DAYS = 28
USED = "credit-used"  # the fee, in no statement, that answers a payment by a negative rest


class Paying(Ledger):
    """An account whose bills are paid."""

    def days_to_pay(self, invoice: Invoice) -> date:
        """The day on which the bill falls due if nobody collects it: DUE_DAYS after its date, or
        after its issue if it was a draft.
        """
        day = self.day_of(invoice.issued_at) if invoice.was_draft else invoice.on
        return day + timedelta(days=DUE_DAYS)

    def take(self, invoice: Invoice, attempt: Attempt) -> None:
        """Have the bill paid by a new attempt that has succeeded."""
        attempt.ended_on = self.day_of(self.now)  # of a day-end: the day that begins
        invoice.attempts.append(attempt)
        self.take_in(invoice, attempt.amount)

    def take_in(self, invoice: Invoice, amount: Decimal) -> None:
        """Note that so much was paid of the bill. Once all is, it is PAID and its plan kept. Under
        a plan it is tried for the next part; otherwise, if too little for the provider is left, no
        more.
        """
        invoice.paid += amount
        assert invoice.paid <= invoice.total
        if invoice.left == 0:
            invoice.status, invoice.next_attempt_at = "PAID", None
            invoice.paid_on = self.day_of(self.now)
            if invoice.plan is not None and invoice.is_planned:
                invoice.plan.status = "KEPT"
            self.when_paid()
        elif invoice.is_planned:
            self.plan_next_part(invoice)
        elif invoice.left < self.minimum:
            invoice.next_attempt_at = None

    def plan_next_part(self, invoice: Invoice) -> None:
        """Set that the bill is tried next as the day of its oldest part starts that is not paid."""
        assert invoice.plan is not None
        days = [on for on, _ in invoice.plan.parts if invoice.plan.due_by(on) > invoice.paid]
        pays_by_itself = self.method != "manual" and days
        invoice.next_attempt_at = self.start_of(days[0]) if pays_by_itself else None

    def end_plan(self, invoice: Invoice, status: str, today: date) -> None:
        """End the bill's payment plan, with this status: the schedule of before goes on; it may
        fail and freeze from the next day on.
        """
        assert invoice.plan is not None
        invoice.plan.status, invoice.held_until = status, today + ONE_DAY

    def break_plans(self, today: date) -> None:
        """Break the plans of which a part that nothing collects was not paid by the end of its
        day.
        """
        for invoice in self.invoices:
            plan = invoice.plan
            if plan is None or not invoice.is_planned or invoice.undecided:
                continue
            if self.method == "manual" and plan.due_by(today - ONE_DAY) > invoice.paid:
                self.end_plan(invoice, "BROKEN", today)

    def payable(self) -> list[Invoice]:
        """Open and uncollectible bills of which nothing is undecided, oldest due day first."""
        found = [one for one in self.invoices if one.is_unpaid and one.undecided is None]
        return sorted(found, key=lambda one: (one.due_on, one.issued_at, one.number))

    def receive_unapplied(self, amount: Decimal) -> None:
        """Add unapplied money, and pay bills from it."""
        self.unapplied_entries.append(("RECEIVED", amount))
        self.pay_from_rest(self.open_day)

    def pay_from_unapplied(self) -> None:
        """Pay open and uncollectible bills from unapplied money, leaving nothing of one or what can
        be collected.
        """
        for invoice in self.payable():
            amount = min(self.unapplied, invoice.left)
            if amount < invoice.left:
                amount = min(amount, invoice.left - self.minimum)
            if amount > 0:
                self.unapplied_entries.append(("USED", -amount))
                paid = Attempt("unapplied", amount, "SUCCEEDED", self.now)
                paid.came_with = [
                    one for one in self.transfers if one.recorded_at == self.now and one.rest
                ]
                self.take(invoice, paid)

    def pay_from_rest(self, today: date) -> None:
        """Pay bills from unapplied money, and those of a closed account then from what is
        outstanding in the merchant's favour.
        """
        self.pay_from_unapplied()
        if self.closed_on is None:
            return
        for invoice in self.payable():
            amount = min(-self.outstanding, invoice.left)
            if amount > 0:
                self.take(invoice, Attempt("credit", amount, "SUCCEEDED", self.now))
                self.post([Charge(f"used {next(numbers)}", USED, USED, amount, today)], today)

    def fail_manual(self, today: date) -> None:
        """Fail the bills that nobody collects and that are not paid when their due day starts."""
        for invoice in self.invoices:
            is_due = invoice.is_unpaid and max(invoice.due_on, invoice.held_until) <= today
            is_due = is_due and not invoice.is_planned
            if self.method == "manual" and is_due and invoice.undecided is None:
                self.note_failure(invoice, today)

    def note_failure(self, invoice: Invoice, today: date) -> None:
        """Note that the bill failed today; only the first time matters."""
        if invoice.first_failed_at is None:
            invoice.first_failed_at, invoice.first_failed_on = self.now, today

    def has_dunned_invoice(self, today: date) -> bool:
        """Whether an unpaid bill freezes the line by now: 28 days after its first failure, or at
        once if it charges again what was taken back. Each does so once.
        """
        found = [
            invoice
            for invoice in self.invoices
            if invoice.is_unpaid
            and not invoice.is_planned
            and invoice.held_until <= today
            and invoice.first_failed_on is not None
            and invoice.left >= self.minimum
            and invoice.froze_on < self.freezes_on(invoice) <= today
        ]
        for invoice in found:
            invoice.froze_on = self.freezes_on(invoice)
        return bool(found)

    def was_paid_in_time(self, frozen_on: date, today: date) -> bool:
        """Whether there are bills that have frozen the line, as it is since that day, and all of
        them were paid by the days on which they were due: none of them was late.
        """
        causes = [
            invoice
            for invoice in self.invoices
            if invoice.status != "VOID"
            and invoice.first_failed_on is not None
            and frozen_on <= self.freezes_on(invoice) <= (invoice.paid_on or today)
        ]
        return bool(causes) and all(invoice.is_in_time for invoice in causes)

    def freezes_on(self, invoice: Invoice) -> date:
        """The day on which the failed bill freezes the line."""
        assert invoice.first_failed_on is not None
        return max(invoice.first_failed_on + self.wait(invoice), invoice.held_until)

    def wait(self, invoice: Invoice) -> timedelta:
        """How long after its first failure a bill freezes the line."""
        return timedelta(days=0 if invoice.asks_again else DUNNING_DAYS)
