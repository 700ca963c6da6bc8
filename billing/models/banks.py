"""What our banks told: files, the statements in them, and the lines of those (rule 29.11).

BankFile       a file that was uploaded or found in the folder, and what was wrong with it, if so
BankStatement  a statement of one account; those that are taken follow each other without a gap
BankLine       a payment that a statement has, and what became of it; it is booked once
"""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from billing.models import other_sides
from billing.models.accounts import BillingAccount
from billing.models.invoices import Invoice
from billing.models.reversals import Reversal
from billing.models.transfers import BankTransfer
from lib import erasing
from lib.fields import AmountField, CurrencyField, EncryptedField
from lib.texts import LONGEST_WORDS
from merchants.models import Merchant

# The columns of a line that are encrypted anew with a new key, and erased.
OTHER_SIDE = ("other_side", "other_account_mark", "other_name_mark")
_OTHER_SIDE = "ARRAY['other_side', 'other_account_mark', 'other_name_mark']"


class BankFile(models.Model):
    """A file that came from a bank. What it says is in its statements; the file itself is kept
    where it came from.
    """

    name = models.CharField(max_length=100)  # as far as it can be shown
    digest = models.CharField(max_length=64)  # SHA-256 of the file, in hex
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=254)  # an operator, or the job that looks at the folder
    # Why nothing of it was taken; empty if it was. One that was mended is another file.
    problem = models.CharField(max_length=LONGEST_WORDS, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(problem=""), name="one_bank_file_of_a_content"
            ),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="bank_file_never_changes", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BankStatement(models.Model):
    """A bank's statement of one of our accounts, whose entries lead from its opening balance to
    its closing balance.
    """

    # The `kind` of what is no statement of the bank's, but one line of another cell's statement.
    HANDED_OVER: ClassVar[str] = "HANDED"

    class Status(models.TextChoices):
        TAKEN = "TAKEN", "Taken"
        WAITING = "WAITING", "Waits: it does not follow"  # a gap, or an overlap
        SET_ASIDE = "SET_ASIDE", "Set aside"

    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="statements")
    kind = models.CharField(max_length=10)  # the format: camt.053 or MT940
    account = models.CharField(max_length=40)  # its number as we have it, without spaces
    name = models.CharField(max_length=100)  # by which the bank knows it
    digest = models.CharField(max_length=64)  # SHA-256 of what it says
    currency = CurrencyField()
    # Below 0 for an overdraft.
    opening = AmountField()
    closing = AmountField()
    opens_on = models.DateField()
    closes_on = models.DateField()
    line_count = models.PositiveIntegerField(verbose_name="lines")
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=254)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.WAITING)
    # The statement before; null for the account's first one, and for what is not taken.
    previous = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="next"
    )
    # Who had it taken though it does not follow, or set aside, when, and why.
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    reason = models.CharField(max_length=LONGEST_WORDS, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "currency", "name"],
                name="one_bank_statement_per_account_and_name",
            ),
            models.CheckConstraint(
                condition=Q(opens_on__lte=F("closes_on")), name="bank_statement_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(status="TAKEN") | Q(previous__isnull=True),
                name="bank_statement_follows_another_once_it_is_taken",
            ),
            models.CheckConstraint(
                condition=~Q(status="SET_ASIDE") | Q(decided_at__isnull=False),
                name="bank_statement_is_set_aside_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["taken_at"], condition=Q(status="WAITING"), name="bank_statements_waiting"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="bank_statement_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="bank_statement_is_taken_once",
                field="status",
                transitions=[("WAITING", "TAKEN"), ("WAITING", "SET_ASIDE")],
            ),
            erasing.ReadOnly(
                name="bank_statement_never_changes",
                exclude=["status", "previous", "decided_at", "decided_by", "reason"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.name}"

    @property
    def is_waiting(self) -> bool:
        """Whether it does not follow, and an operator is still to decide about it."""
        return self.status == self.Status.WAITING

    @property
    def is_handed_over(self) -> bool:
        """Whether it is no statement of a bank's, but one line of another cell's statement that was
        handed over to this cell.
        """
        return self.kind == self.HANDED_OVER

    @property
    def is_taken(self) -> bool:
        """Whether the statement is TAKEN, into our books: then its lines are matched with bills.
        One that waits for an operator, or was left out, is not.
        """
        return self.status == self.Status.TAKEN


class BankLine(models.Model):
    """One payment of a statement: an entry, or one of the payments in an entry of a batch."""

    class Status(models.TextChoices):
        WAITING = "WAITING", "Not looked at yet"  # the job does so once its statement is taken
        PROPOSED = "PROPOSED", "Proposed"
        OPEN = "OPEN", "To be placed"  # an operator says whose it is
        RETURN = "RETURN", "A payment that was returned"  # an operator decides
        OUTGOING = "OUTGOING", "Went out"  # fees, withdrawals: nothing is booked for it
        BOOKED = "BOOKED", "Booked"
        SET_ASIDE = "SET_ASIDE", "No merchant's"
        ELSEWHERE = "ELSEWHERE", "Another cell's"  # where it is booked, as a line of that cell

    class Why(models.TextChoices):
        """Why the line is what it is, or proposed."""

        NEW = "NEW", "Nobody has looked at it yet."
        REFERENCE = "REFERENCE", "Its reference is the bill's, and it is what is left to pay."
        AMOUNT = "AMOUNT", "Its reference is the bill's, but it is not what is left to pay."
        WANTS_NONE = "WANTS_NONE", "Its reference is of a bill that wants no money."
        CURRENCY = "CURRENCY", "Its reference is of a bill in another currency."
        RECORDED = (
            "RECORDED",
            "A transfer with its bank’s reference was recorded for another bill. If that is the"
            " same money, say whose it is, without a bill.",
        )
        SEVERAL = "SEVERAL", "It has the references of several bills."
        PAYER = "PAYER", "That account paid for this merchant before; one bill has the amount."
        NAME = (
            "NAME",
            "Somebody of that name paid for this merchant before; one bill has the amount.",
        )
        KNOWN = (
            "KNOWN",
            "Only this merchant was paid for from that account; no one bill has the amount.",
        )
        UNKNOWN = "UNKNOWN", "Nothing tells whose it is."
        OURS = "OURS", "A payment of ours came back."
        TAKEN_BACK = "TAKEN_BACK", "It takes back a line that was booked."
        LESS = "LESS", "It takes back less than the line that it names."
        MORE = "MORE", "It takes back more than the line that it names."
        UNCLEAR = "UNCLEAR", "It takes something back, and nothing tells which line."
        DEBIT = "DEBIT", "It went out."
        BY_HAND = "BY_HAND", "An operator said so."

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()  # 1, 2, … of its statement
    entry = models.PositiveIntegerField()  # of the statement; payments of a batch share one
    currency = CurrencyField()
    amount = AmountField()  # below 0 for what went out
    booked_on = models.DateField()
    value_on = models.DateField()
    code = models.CharField(max_length=35, blank=True, db_default="")  # the bank's, of its kind
    bank_reference = models.CharField(max_length=35, blank=True, db_default="")
    end_to_end_id = models.CharField(max_length=35, blank=True, db_default="")  # the payer's own
    # The structured reference, as the payer filled it in.
    reference = models.CharField(max_length=140, blank=True, db_default="")
    # Payer or payee, with what they wrote (other_sides.OtherSide); empty where the bank said
    # nothing, and once it is not kept any more. It is found by its marks.
    other_side = EncryptedField(
        blank=True,
        default=b"",
        db_default=b"",
        bound_to=("statement_id", "number"),
        whose="account_id",
        called="other sides of bank lines",
        marks=other_sides.marks,
    )
    other_account_mark = models.CharField(max_length=64, blank=True, default="", db_default="")
    other_name_mark = models.CharField(max_length=64, blank=True, default="", db_default="")
    instructed = models.CharField(max_length=30, blank=True, db_default="")  # before fees, abroad
    is_reversal = models.BooleanField(default=False)  # the bank takes back an entry
    return_reason = models.CharField(max_length=35, blank=True, db_default="")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.WAITING)
    why = models.CharField(max_length=10, choices=Why.choices, default=Why.NEW)
    # Whose it is, or may be, and which bill it names, or may be for.
    account = models.ForeignKey(
        BillingAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_lines"
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_lines"
    )
    # The line that it takes back, or may.
    returns = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="returned_by"
    )
    # What it was booked as; of a transfer that was recorded by hand before, that one.
    transfer = models.OneToOneField(
        BankTransfer, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_line"
    )
    reversal = models.OneToOneField(
        Reversal, on_delete=models.PROTECT, null=True, blank=True, related_name="bank_line"
    )
    # The number of the cell whose it is, where that is another; while it waits, it is on its way.
    cell = models.PositiveSmallIntegerField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)  # when the job did
    # The instant of the books at which it was booked, and by whom; or who decided otherwise.
    booked_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    reason = models.CharField(max_length=LONGEST_WORDS, blank=True, default="", db_default="")

    # Keys that lead to another cell once their merchant's books were moved there (rule 30.22):
    # where there are cells, no constraint holds them.
    LEAD_ELSEWHERE: ClassVar = ("account", "invoice", "transfer", "reversal")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["statement", "number"], name="one_bank_line_per_statement_and_number"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="bank_line_moves_something"),
            models.CheckConstraint(
                condition=Q(
                    status="BOOKED",
                    account__isnull=False,
                    booked_at__isnull=False,
                    transfer__isnull=False,
                    reversal__isnull=True,
                    amount__gt=0,
                )
                | Q(
                    status="BOOKED",
                    account__isnull=False,
                    booked_at__isnull=False,
                    transfer__isnull=True,
                    reversal__isnull=False,
                    amount__lt=0,
                )
                # Its money had not paid one bill alone, and was taken off the account.
                | Q(
                    status="BOOKED",
                    account__isnull=False,
                    booked_at__isnull=False,
                    transfer__isnull=True,
                    reversal__isnull=True,
                    returns__isnull=False,
                    amount__lt=0,
                )
                | (
                    ~Q(status="BOOKED")
                    & Q(booked_at__isnull=True, transfer__isnull=True, reversal__isnull=True)
                ),
                name="bank_line_is_booked_as_one_transfer_or_what_takes_one_back",
            ),
            models.CheckConstraint(
                condition=~Q(status="PROPOSED") | Q(account__isnull=False, invoice__isnull=False),
                name="bank_line_is_proposed_for_a_bill",
            ),
            models.CheckConstraint(
                condition=~Q(status="RETURN") | Q(returns__isnull=False, amount__lt=0),
                name="bank_line_returns_a_line",
            ),
            models.UniqueConstraint(
                fields=["returns"],
                condition=Q(status__in=["RETURN", "BOOKED"]),
                name="one_bank_line_takes_another_back",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["WAITING", "ELSEWHERE"], cell__isnull=False)
                | (~Q(status="ELSEWHERE") & Q(cell__isnull=True)),
                name="bank_line_of_another_cell_says_of_which",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["statement"], condition=Q(status="WAITING"), name="bank_lines_to_match"
            ),
            models.Index(
                fields=["looked_at"],
                condition=Q(status__in=["PROPOSED", "OPEN", "RETURN"]),
                name="bank_lines_to_decide",
            ),
            models.Index(fields=["account", "booked_at"], name="bank_lines_of_an_account"),
            # Who paid for whom before, and all that is kept of a payer.
            models.Index(fields=["other_account_mark"], name="bank_lines_by_other_account"),
            models.Index(fields=["other_name_mark"], name="bank_lines_by_other_name"),
            models.Index(fields=["booked_on"], name="bank_lines_by_day"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="bank_line_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="bank_line_says_what_the_bank_said",
                exclude=["status", "why", "account", "invoice", "returns", "transfer", "reversal",
                         "cell", "looked_at", "booked_at", "decided_at",
                         "decided_by", "reason", *OTHER_SIDE],
            ),
            # Who was on the other side is encrypted anew, and erased.
            erasing.Protect(
                name="bank_line_is_booked_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"OLD.status = 'BOOKED' AND to_jsonb(OLD) - {_OTHER_SIDE}"
                    f" <> to_jsonb(NEW) - {_OTHER_SIDE}"
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"line {self.number} of {self.statement}"

    @property
    def other(self) -> other_sides.OtherSide:
        """Who is on its other side, and what they wrote; texts are empty where the bank said
        nothing, and all of them once they are not kept any more. Raises Undecryptable if no key of
        ours opens it.
        """
        return other_sides.read(self)

    @property
    def owner(self) -> Merchant | None:
        """The merchant whose it is, or may be; None as long as nobody knows. In a cell that the
        merchant's books have left without the line, the account is not to be found: that is None,
        too, if it was read with the line (select_related), and raises BillingAccount.DoesNotExist
        otherwise.
        """
        return self.account.merchant if self.account else None

    @property
    def is_booked(self) -> bool:
        """Whether it is in the books: as a transfer or, if it was a return, as a reversal, as money
        that was taken off the account, or as money that was on no account any more.
        """
        return self.status == self.Status.BOOKED

    @property
    def is_to_be_handed_over(self) -> bool:
        """Whether it is another cell's, and is not known to be there yet."""
        return self.status == self.Status.WAITING and self.cell is not None

    @property
    def is_proposed(self) -> bool:
        """Whether an operator is to confirm or refuse what is proposed for it."""
        return self.status == self.Status.PROPOSED

    @property
    def is_return(self) -> bool:
        """Whether it takes back a line that was booked, and an operator is to decide about it."""
        return self.status == self.Status.RETURN

    @property
    def is_unclear_return(self) -> bool:
        """Whether it takes money away and is open, so that an operator may say which line it takes
        back.
        """
        return self.amount.amount < 0 and self.status == self.Status.OPEN

    @property
    def is_to_be_placed(self) -> bool:
        """Whether it came in, and is proposed, open or set aside: then an operator may say whose it
        is.
        """
        waits = (self.Status.PROPOSED, self.Status.OPEN, self.Status.SET_ASIDE)
        return self.amount.amount > 0 and self.status in waits
