"""Withdrawals of proceeds, and the destinations they go to."""

from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy
from moneyed import Money

from credit import masks
from credit.bank_accounts import CURRENT, ORDINARY
from credit.models.lines import CreditLine
from lib import erasing
from lib.fields import (
    AmountField,
    CurrencyField,
    EncryptedField,
    FormKeyField,
    ReferenceField,
)
from lib.form_keys import one_row_per_form

EXPECTED_WITHIN = timedelta(hours=24)  # from the request; what takes longer is flagged


class PayoutDestination(models.Model):
    class Kind(models.TextChoices):
        ALIPAY = "ALIPAY", _("Alipay account")
        BANK_CARD = "BANK_CARD", _("Bank card")
        BANK_ACCOUNT = "BANK_ACCOUNT", _("Bank account")

    class AccountType(models.TextChoices):
        ORDINARY = ORDINARY, _("Ordinary (futsu)")
        CURRENT = CURRENT, _("Current (toza)")

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="destinations")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    holder = models.CharField(max_length=200)
    bank = models.CharField(max_length=200, blank=True)  # of a card or an account
    # For a bank account: its country (ISO 3166), and the code of its bank or branch there, if any.
    country = models.CharField(max_length=2, blank=True)
    routing = models.CharField(max_length=20, blank=True)
    # Of the account's bank, by which it is found from abroad; "" where nobody said.
    bic = models.CharField(max_length=11, blank=True, default="", db_default="")
    # Of the account, where its country's banks tell types apart (credit.bank_accounts.RULES).
    account_type = models.CharField(
        max_length=10, choices=AccountType.choices, blank=True, default="", db_default=""
    )
    # Of the holder, as banks want it abroad; "" where nobody said.
    town = models.CharField(max_length=35, blank=True, default="", db_default="")
    # By its name in bank_accounts.LATER, when what had been left empty was filled in (ISO 8601).
    filled_in = models.JSONField(
        blank=True, default=dict, db_default=models.Value({}, models.JSONField())
    )
    # Encrypted, and bound to this row and merchant: the content of another row can't be decrypted.
    number = EncryptedField(bound_to=("line_id", "pk"), called="destination numbers")
    last_four = models.CharField(max_length=4)  # of an e-mail address: before the @
    # An Alipay account's address or mobile number as Alipay masks it; "" for a card or an account,
    # and where nothing of it is known any more.
    masked = models.CharField(max_length=254, blank=True, default="", db_default="")
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=254)
    usable_from = models.DateTimeField()  # 24 hours later: time to notice a thief's destination
    # No new withdrawal goes there from then on; those under way to it come to their end.
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=254, blank=True)
    # By our people, with what the merchant reads of why: the same number cannot be added again.
    blocked_at = models.DateTimeField(null=True, blank=True)
    blocked_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    blocked_reason = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(usable_from__gte=F("added_at")),
                name="destination_usable_after_it_was_added",
            ),
            models.CheckConstraint(
                condition=Q(kind="BANK_ACCOUNT", country__gt="")
                | (
                    ~Q(kind="BANK_ACCOUNT")
                    & Q(country="", routing="", bic="", account_type="", town="")
                ),
                name="destination_has_a_country_exactly_when_it_is_an_account",
            ),
            models.CheckConstraint(
                condition=Q(blocked_at__isnull=True) | Q(removed_at__isnull=False),
                name="destination_that_is_blocked_is_removed",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="destination_is_never_deleted", operation=pgtrigger.Delete),
            erasing.ReadOnly(
                name="destination_never_changes",
                exclude=[
                    *("number", "removed_at", "removed_by"),
                    *("blocked_at", "blocked_by", "blocked_reason"),
                    *("bic", "account_type", "town", "filled_in"),
                ],
                names_people=("holder",),
                can_be_emptied=("last_four", "masked", "number", "town"),
            ),
            # A town is emptied where a person is erased.
            pgtrigger.Protect(
                name="destination_is_filled_in_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.bic NOT IN ('', NEW.bic)"
                    " OR OLD.account_type NOT IN ('', NEW.account_type)"
                    " OR (OLD.town <> '' AND NEW.town NOT IN ('', OLD.town))"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.shown}"

    @property
    def shown(self) -> str:
        """What may be shown of the destination's number: an Alipay account as Alipay masks it,
        the last characters of a card or bank account after dots. If nothing of the number is
        known, since it was erased or its key is lost, words in the language in force say so.
        """
        return masks.shown(self.kind, **self.shown_by)

    @property
    def shown_by(self) -> dict[str, str]:
        """What is kept of its number in plain text, as the members `masked` and `last_four`, which
        notices and masks.shown take; "" for what is not kept.
        """
        return {"masked": self.masked, "last_four": self.last_four}

    @property
    def called(self) -> str:
        """The destination's name on the trail, always in English: its kind, and what is shown of
        its number.
        """
        with override("en"):
            return f"{self.kind} {self.shown}"

    @property
    def is_removed(self) -> bool:
        """Whether no new withdrawal goes to it, as the merchant removed it or we blocked it."""
        return self.removed_at is not None

    @property
    def is_blocked(self) -> bool:
        """Whether our people have blocked it; then it is removed, too."""
        return self.blocked_at is not None


# In which nothing is on its way any more.
ENDS = ["PAID", "REJECTED", "CANCELLED", "FAILED", "RETURNED_BY_BANK"]
# Every step a withdrawal can take.
TRANSITIONS = [
    ("REQUESTED", "APPROVED"),
    ("REQUESTED", "REJECTED"),
    ("REQUESTED", "CANCELLED"),
    ("REQUESTED", "SENT"),  # up to the policy's `approval_above`
    ("APPROVED", "SENT"),
    ("APPROVED", "REJECTED"),
    ("APPROVED", "CANCELLED"),
    ("SENT", "PAID"),
    ("SENT", "FAILED"),
    ("SENT", "UNKNOWN"),
    ("UNKNOWN", "PAID"),
    ("UNKNOWN", "FAILED"),
    ("UNKNOWN", "SENT"),  # the provider said that it never heard of it
    ("PAID", "RETURNED_BY_BANK"),
    ("FAILED", "PAID"),  # a person was wrong about it
]


class Withdrawal(models.Model):
    """Proceeds on their way to the merchant; they left the balance when they were requested."""

    MANUAL = "manual"  # the provider that is people: a file for the bank, and one with its answers

    class Status(models.TextChoices):
        REQUESTED = "REQUESTED", pgettext_lazy("withdrawal", "Requested")
        APPROVED = "APPROVED", _("Approved")
        SENT = "SENT", _("Sent")
        PAID = "PAID", pgettext_lazy("withdrawal", "Paid")
        REJECTED = "REJECTED", _("Rejected")
        CANCELLED = "CANCELLED", _("Cancelled")
        FAILED = "FAILED", _("Failed")
        UNKNOWN = "UNKNOWN", _("Being checked")
        RETURNED_BY_BANK = "RETURNED_BY_BANK", _("Sent back by the bank")

    # Whose amount and fee are back in the proceeds. What the bank sent back keeps its fee.
    RETURNED: ClassVar = (Status.REJECTED, Status.CANCELLED, Status.FAILED)

    line = models.ForeignKey(CreditLine, on_delete=models.PROTECT, related_name="withdrawals")
    destination = models.ForeignKey(PayoutDestination, on_delete=models.PROTECT)
    # The provider knows the withdrawal by it, and is asked about it by it; unique for all
    # merchants.
    reference = ReferenceField(unique=True)
    request_key = FormKeyField()
    currency = CurrencyField()
    amount = AmountField()  # what arrives
    fee = AmountField()  # on top
    status = models.CharField(max_length=20, choices=Status.choices)
    # With it, the withdrawals requested on its local day exceed the policy's `approval_above`.
    needs_approval = models.BooleanField()
    provider = models.CharField(max_length=10)
    batch = ReferenceField(blank=True)  # the file for the bank that it was written into
    requested_at = models.DateTimeField()
    requested_by = models.CharField(max_length=254)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=254, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)  # of the last time it was sent
    sent_by = models.CharField(max_length=254, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=254, blank=True)
    provider_reference = models.CharField(max_length=200, blank=True)  # the bank's own
    reason = models.CharField(max_length=500, blank=True)  # why it came back, for the merchant
    # A statement of its provider or bank that cannot be right, such as another amount.
    problem = models.CharField(max_length=500, blank=True, default="", db_default="")
    flagged_late_at = models.DateTimeField(null=True, blank=True)
    # When the bank sent back what it had paid, and why.
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by = models.CharField(max_length=254, blank=True, default="", db_default="")
    returned_reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    # When it was found to be paid though it had been marked as failed.
    corrected_at = models.DateTimeField(null=True, blank=True)
    corrected_by = models.CharField(max_length=254, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            one_row_per_form("line", "one_withdrawal_per_submitted_form"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="withdrawal_positive"),
            models.CheckConstraint(condition=Q(fee__gte=0), name="withdrawal_fee_not_negative"),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(approved_by__gt="")
                | Q(status__in=["REQUESTED", "REJECTED", "CANCELLED"]),
                name="large_withdrawal_is_approved_before_it_is_sent",
            ),
            models.CheckConstraint(
                condition=Q(approved_by="") | ~Q(approved_by=F("requested_by")),
                name="withdrawal_is_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(sent_by="")
                | ~Q(sent_by__in=[F("approved_by"), F("requested_by")]),
                name="large_withdrawal_is_sent_by_another_than_its_approver",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ENDS) & Q(ended_at__isnull=False)
                | ~Q(status__in=ENDS) & Q(ended_at__isnull=True),
                name="withdrawal_has_ended_exactly_when_its_status_is_an_end",
            ),
            models.CheckConstraint(
                condition=Q(status="RETURNED_BY_BANK", returned_at__gte=F("ended_at"))
                | ~Q(status="RETURNED_BY_BANK") & Q(returned_at__isnull=True),
                name="withdrawal_has_an_instant_of_return_exactly_when_it_is_returned",
            ),
            models.CheckConstraint(
                condition=Q(corrected_at__isnull=True)
                | Q(status__in=["PAID", "RETURNED_BY_BANK"], corrected_at__gte=F("ended_at")),
                name="withdrawal_is_corrected_only_to_paid",
            ),
        ]
        indexes: ClassVar = [
            # The merchant's list, newest first, and how many a month has had.
            models.Index(
                fields=["line", "-requested_at", "-id"],
                name="withdrawal_history",
            ),
            # A line's withdrawals under way: few rows, however long the history.
            models.Index(
                fields=["line"],
                condition=Q(ended_at__isnull=True),
                name="withdrawal_of_line_under_way",
            ),
            # All withdrawals under way, for the jobs and the operators' queue.
            models.Index(
                fields=["status", "requested_at"],
                condition=Q(ended_at__isnull=True),
                name="withdrawal_under_way",
            ),
            # The operators' search by the bank's reference.
            models.Index(
                fields=["provider_reference"],
                condition=Q(provider_reference__gt=""),
                name="withdrawal_by_bank_reference",
            ),
            # Recent withdrawals of all lines, for the home page.
            BrinIndex(fields=["requested_at"], name="withdrawals_lately", autosummarize=True),
            # The withdrawals of one file for the bank.
            models.Index(fields=["batch"], condition=Q(batch__gt=""), name="withdrawal_by_batch"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="withdrawal_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="withdrawal_status_moves_forward", field="status", transitions=TRANSITIONS
            ),
            erasing.ReadOnly(
                name="withdrawal_never_changes",
                fields=["line", "destination", "reference", "request_key", "currency", "amount",
                        "fee", "requested_at", "requested_by"],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.reference)

    @property
    def total(self) -> Money:
        """Amount and fee: what left the proceeds when it was requested."""
        return self.amount + self.fee

    @property
    def expected_by(self) -> datetime:
        """The instant from which on it counts as late unless it has ended: 24 hours after the
        request.
        """
        return self.requested_at + EXPECTED_WITHIN

    @property
    def is_sent_by_people(self) -> bool:
        """Whether operators send it through files for their bank, instead of a provider."""
        return self.provider == self.MANUAL

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is on its way any more: it was paid, failed, was rejected or
        cancelled, or the bank sent it back.
        """
        return self.ended_at is not None

    @property
    def is_paid(self) -> bool:
        """Whether the bank paid it, and has not sent it back since."""
        return self.status == self.Status.PAID

    @property
    def was_paid(self) -> bool:
        """Whether the bank paid it, also where it sent it back later."""
        return self.is_paid or self.is_sent_back

    @property
    def paid_at(self) -> datetime | None:
        """When it was recorded that the bank paid it, also if that was found out after it had been
        marked as FAILED; None unless it was paid.
        """
        return (self.corrected_at or self.ended_at) if self.was_paid else None

    @property
    def came_back(self) -> bool:
        """Whether its amount is back in the proceeds: it failed, was rejected or cancelled, or the
        bank sent it back.
        """
        return self.status in self.RETURNED or self.is_sent_back

    @property
    def is_sent_back(self) -> bool:
        """Whether the bank sent it back after it had been paid; its fee is kept then."""
        return self.status == self.Status.RETURNED_BY_BANK

    @property
    def is_failed(self) -> bool:
        """Whether the bank could not pay it, as far as is known; a person may still find that it
        was paid.
        """
        return self.status == self.Status.FAILED

    @property
    def may_be_sent(self) -> bool:
        """Whether it is ready to be sent: it needs no approval or has one, and was not sent yet.
        Freezes of its line, and who sends it, are not looked at.
        """
        return self.status == self.Status.APPROVED or (
            self.status == self.Status.REQUESTED and not self.needs_approval
        )

    @property
    def may_be_cancelled(self) -> bool:
        """Whether it was neither sent nor ended, so that it can still be cancelled or rejected."""
        return self.status in (self.Status.REQUESTED, self.Status.APPROVED)
