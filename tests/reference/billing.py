"""The billing account: what it is charged, and its bills (chapters 12 to 15 of docs/rules.md)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .days import ONE_DAY, is_month_end, month_of
from .invoices import REVERSAL, Attempt, Charge, Credit, Invoice, Item, numbers
from .money import ZERO
from .paying import DUE_DAYS, USED, Paying
from .refusals import Refused
from .taxes import Line, split, taxes_of

CYCLE_DAYS = 30
PLAN = "subscription"  # the code of the plan fee
WAIVER = "credit-waived"  # the fee of what a closed account owes, and is too little to be collected
REST_TAX = "credit-tax"  # the fee of the tax of what a closed account has in its favour
UNDONE = "credit-undone"  # the fee that takes a credit back
# What operators alone charge, at once.
BY_HAND = {
    "manual-fulfilment": ("FULFILMENT", "IMMEDIATE"),
    "manual-shipping": ("SHIPPING", "IMMEDIATE"),
    "manual-account": ("TRANSACTION", "IMMEDIATE"),
}


class Billed(Paying):
    """An account that gets bills."""

    def check_threshold(self, day: date) -> None:
        """The threshold check that follows a posting."""
        if self.outstanding >= self.threshold:
            taken = [i for i in self.items if i.category != "SUBSCRIPTION" and i.posting_day <= day]
            total = sum((item.amount for item in taken), ZERO)
            # Where carried plan fees reach it alone, what is taken has to reach it by itself.
            if total >= self.threshold or self.outstanding - total < self.threshold:
                self.issue("THRESHOLD", day, taken)

    def guard(self, day: date) -> None:
        """Once what is outstanding and accruing reaches twice the threshold, post all that has
        accrued on this day, and check the threshold.
        """
        if self.accrued and self.outstanding + self.accruing >= 2 * self.threshold:
            self.post(self.accrued, day)
            self.accrued = []
            self.check_threshold(day)

    def issue(self, kind: str, on: date, items: list[Item]) -> None:
        """Make a bill of the items, with its taxes, as a draft if the merchant's bills are
        reviewed; an issued one is then paid from unapplied money. Nothing is made, and the items
        stay outstanding, unless net and total are above zero and reach the provider's minimum.
        """
        net = sum((item.amount for item in items), ZERO)
        lines = split(self, items)
        taxes = taxes_of(self, lines)
        if not taxes:  # an item is one line
            lines = [Line(item, None, list(item.charges)) for item in items]
        total = net + sum((one.tax for one in taxes), ZERO)
        if net <= 0 or net < self.minimum or total <= 0 or total < self.minimum:
            return
        is_draft = self.reviews_bills and not self.moves_in
        status = "DRAFT" if is_draft else "OPEN"
        plan_days = self.plan_days(items)
        invoice = Invoice(kind, on, plan_days or (on, on), plan_days, items, status)
        invoice.issuer, invoice.lines, invoice.taxes = self.taxation.issuer, lines, taxes
        others = [item.posting_day for item in items if item.category != "SUBSCRIPTION"]
        if others:
            days = [
                invoice.last_day + ONE_DAY for invoice in self.invoices if invoice.status != "VOID"
            ]
            follows = max(days, default=self.joined_on)
            invoice.period = min([follows, *others]), invoice.last_day
        invoice.was_draft, invoice.is_of_day_end = is_draft, self.is_ending_day
        self.invoices.append(invoice)
        self.items = [item for item in self.items if not any(item is taken for taken in items)]
        for item in items:
            item.was_billed = True
        if status == "OPEN":
            self.put_out(invoice, on)
            self.pay_from_unapplied()

    def put_out(self, invoice: Invoice, day: date) -> None:
        """Make a draft a bill: it is collected at once, or due in 7 days."""
        invoice.status, invoice.issued_at = "OPEN", self.now
        pays_by_itself = self.method != "manual"
        invoice.due_on = day if pays_by_itself else day + timedelta(days=DUE_DAYS)
        if self.moves_in:
            self.take(invoice, Attempt("moved-in", invoice.total, "SUCCEEDED", self.now))
        elif pays_by_itself and self.is_collected:
            invoice.next_attempt_at = self.now
        elif pays_by_itself:
            self.take(invoice, Attempt(self.method, invoice.total, "SUCCEEDED", self.now))

    def void(self) -> None:
        """Void the open bill that was issued last: its items wait for the next one."""
        found = [invoice for invoice in self.invoices if invoice.status == "OPEN"]
        if not found:
            raise Refused("none")
        invoice = max(found, key=lambda one: (one.issued_at, one.number))
        if invoice.is_planned:
            raise Refused("under_a_plan")
        if any(one.status != "FAILED" for one in invoice.attempts):
            raise Refused("invoice_has_payments")
        if invoice.issuer:
            self.notes.append((invoice.issuer, -invoice.total, -invoice.tax))
        self.undo(invoice)

    def undo(self, invoice: Invoice) -> None:
        """Void the bill: its items are outstanding again."""
        invoice.status, invoice.next_attempt_at = "VOID", None
        self.items += invoice.items
        self.when_paid()

    def plan_days(self, items: list[Item]) -> tuple[date, date] | None:
        """The days that plan fees among these items are for: from the first day of the oldest to
        the last of the youngest; None without one.
        """
        fees = [item.posting_day for item in items if item.category == "SUBSCRIPTION"]
        if not fees:
            return None
        term = max(day for day in self.intervals if day <= max(fees))
        return min(fees), max(fees) + timedelta(days=self.intervals[term]) - ONE_DAY

    def invoice_of(self, day: date) -> None:
        """Issue the scheduled bill of a new local day, if it has one."""
        if self.closed_on is not None:
            return
        since = (day - self.joined_on).days
        earlier = [item for item in self.items if item.posting_day < day]
        if self.is_plan_date(day):
            if self.next_plan is not None:
                self.start_plan(day)
            plan = Item(PLAN, "SUBSCRIPTION", day)
            fee = Charge(f"plan {day}", PLAN, "SUBSCRIPTION", self.plan_price, day)
            plan.charges.append(fee)
            self.items.append(plan)
            self.issue("SUBSCRIPTION", day, [*earlier, plan])
        elif self.plan_interval_days > CYCLE_DAYS and since % CYCLE_DAYS == 0:
            self.issue("CYCLE", day, earlier)

    def is_plan_date(self, day: date) -> bool:
        """Whether the plan's fee is due on this day."""
        return (day - self.plan_from).days % self.plan_interval_days == 0


class Account(Billed):
    """What happens to it: charges, credits, ends of days, closing and opening again."""

    def record(self, data: dict[str, Any], served_on: date, today: date) -> None:
        """Charge for a service of `served_on`, on the open day. A charge whose month has closed is
        in the open one's statement, and posts at once unless it is DAILY.
        """
        category, posting = BY_HAND.get(data["fee"]) or self.fees[data["fee"]]
        is_late = posting == "MONTHLY" and month_of(served_on) < month_of(today)
        charge = Charge(data["charge"], data["fee"], category, data["amount"], served_on)
        self.charges[charge.reference] = charge
        self.add_to_statement(charge, today)
        if posting == "IMMEDIATE" or is_late:
            self.post([charge], today, is_late=is_late)
            self.check_threshold(today)
        elif posting == "DAILY":
            self.accrued.append(charge)
        else:
            self.monthly.append(charge)
        self.guard(today)

    def grant(
        self,
        reference: str,
        category: str,
        amount: Decimal,
        today: date,
        *,
        fee: str = "",
        corrects: Charge | None = None,
    ) -> None:
        """Give a credit of `amount` (positive): a negative charge that posts at once."""
        charge = Charge(reference, fee or category.lower(), category, -amount, today, corrects)
        self.credits.append(Credit(charge))
        self.add_to_statement(charge, today)
        if self.closed_on is None:
            self.post_at_once([charge], today)
        else:  # it has no thresholds any more
            self.post([charge], today)
            self.give_back_tax(today)
            self.pay_from_rest(today)

    def undo_credit(self, credit: Credit, today: date) -> None:
        """Take the credit back by a charge of as much, in no statement, and its tax with it."""
        credit.is_undone = True
        taken = credit.charge
        reference, amount = f"undone {next(numbers)}", -taken.amount
        charge = Charge(reference, UNDONE, "ACCOUNT_CREDIT", amount, today, taken)
        self.post_at_once([charge], today)

    def waive(self, invoice: Invoice, amount: Decimal, today: date) -> None:
        """Waive so much of the bill: a credit pays, and a charge answers that payment, so that
        outstanding stays as it was.
        """
        for fee, figure in (("credit-bill-waived", -amount), (USED, amount)):
            self.post([Charge(f"w {next(numbers)}", fee, USED, figure, today)], today)
        self.take(invoice, Attempt("credit", amount, "SUCCEEDED", self.now))

    def post_at_once(self, charges: list[Charge], today: date) -> None:
        """Post these charges at once, with check and guard; on a closed account a final bill
        follows.
        """
        self.post(charges, today)
        if self.closed_on is None:
            self.check_threshold(today)
            self.guard(today)
        else:
            self.bill_all(today)
            self.pay_from_rest(today)

    def charge_again(self, amount: Decimal, today: date, *, fee: str = REVERSAL) -> None:
        """Charge again what was paid by money that was taken back, or booked elsewhere: in no
        statement, on a closed account too, which then gets a final bill.
        """
        charge = Charge(f"again {next(numbers)}", fee, "TRANSACTION", amount, today)
        self.post_at_once([charge], today)

    def close(self, today: date) -> None:
        """Close the account: everything posts, and goes on one final invoice."""
        self.post(self.accrued + self.monthly, today)
        self.accrued, self.monthly = [], []
        self.closed_on, self.asked = today, None
        self.bill_all(today)
        self.pay_from_rest(today)

    def bill_all(self, today: date) -> None:
        """Issue one final invoice of all that is outstanding; less than can be collected is waived,
        with its tax.
        """
        self.give_back_tax(today)
        if 0 < self.outstanding < self.minimum:
            self.post([Charge(f"w {next(numbers)}", WAIVER, WAIVER, -self.outstanding)], today)
            for charge in (charge for item in self.items for charge in item.charges):
                charge.has_no_tax = True
        self.issue("FINAL", today, list(self.items))

    def give_back_tax(self, today: date) -> None:
        """Give the tax back of what a closed account has in its merchant's favour, or has not to
        pay, as it is too little for the provider with its tax, and would not be without; that has
        none from then on.
        """
        lines = [line for line in split(self, self.items) if line.rate is not None]
        taxes = taxes_of(self, lines)
        tax = sum((one.tax for one in taxes), ZERO)
        is_waived = self.outstanding + tax < self.minimum <= self.outstanding
        if tax >= 0 or (self.outstanding + tax > 0 and not is_waived):
            return
        self.taxation.of_rests += taxes
        for line in lines:
            for charge in line.charges:
                charge.has_no_tax, charge.rate_of_rest = True, line.rate
        self.post([Charge(f"tax {next(numbers)}", REST_TAX, USED, tax, today)], today)

    def issue_on_request(self, today: date) -> None:
        """Bill what a threshold bill would take."""
        taken = [one for one in self.items if one.category != "SUBSCRIPTION"]
        made = len(self.invoices)
        self.issue("ON_REQUEST", today, taken)
        if len(self.invoices) == made:
            raise Refused("nothing_to_bill")

    def reopen(self, today: date) -> None:
        """Open the account again: the plan starts anew if one of its dates has passed meanwhile."""
        assert self.closed_on is not None
        days = range(1, (today - self.closed_on).days + 1)
        passed = any(self.is_plan_date(self.closed_on + n * ONE_DAY) for n in days)
        self.closed_on = None
        if passed:
            self.start_plan(today)
            self.invoice_of(today)

    def end_day(self, day: date) -> None:
        """End the day: postings, one check, the month's statement, the bill of the new date."""
        self.is_ending_day = True
        posted, self.accrued = self.accrued, []
        if is_month_end(day):
            posted, self.monthly = posted + self.monthly, []
        if posted:
            self.post(posted, day)
            self.check_threshold(day)
        if is_month_end(day) and month_of(day) in self.statements:
            self.statements[month_of(day)].closed = True
        self.invoice_of(day + ONE_DAY)
        self.is_ending_day = False
