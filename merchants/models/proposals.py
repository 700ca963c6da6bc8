"""Decisions that take two people."""

from datetime import datetime, timedelta
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q

from lib import erasing
from merchants.models.merchants import Merchant
from merchants.proposals import KINDS

LAPSES_AFTER = timedelta(days=7)


class Proposal(models.Model):
    """A decision that takes two people: one proposes it, and another one confirms it.

    Nothing changes before it is confirmed. Then everything is checked anew, and carried out at
    once.
    """

    class Status(models.TextChoices):
        PROPOSED = "PROPOSED", "Proposed"
        CONFIRMED = "CONFIRMED", "Confirmed"
        REFUSED = "REFUSED", "Refused"
        WITHDRAWN = "WITHDRAWN", "Withdrawn"
        LAPSED = "LAPSED", "Lapsed"

    kind = models.CharField(max_length=40)  # a code of merchants.proposals.KINDS
    subject = models.CharField(max_length=300)  # what would be changed, by its reference
    merchant = models.ForeignKey(
        Merchant, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    before = models.JSONField(default=dict)  # as the proposer saw it; otherwise it is not applied
    after = models.JSONField(default=dict)  # what is proposed
    # What the kind's operation is called with; empty where it reads `after`.
    arguments = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=500)
    asked_by = models.CharField(max_length=254, blank=True)  # who wanted it, where that is another
    proposed_by = models.CharField(max_length=254)
    proposed_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PROPOSED)
    decided_by = models.CharField(max_length=254, blank=True)  # empty of one that lapsed
    decided_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)  # why it was refused or withdrawn
    told_at = models.DateTimeField(null=True, blank=True)  # the proposer, that it lapsed

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["merchant", "subject"],
                condition=Q(status="PROPOSED"),
                name="one_proposal_per_subject_of_a_merchant_waits",
            ),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(status="PROPOSED", merchant__isnull=True),
                name="one_proposal_per_subject_waits",
            ),
            models.CheckConstraint(
                condition=Q(status="PROPOSED", decided_at__isnull=True)
                | (~Q(status="PROPOSED") & Q(decided_at__isnull=False)),
                name="proposal_is_decided_exactly_when_it_waits_no_more",
            ),
            models.CheckConstraint(
                condition=~Q(status="CONFIRMED")
                | (
                    ~Q(decided_by__in=["", F("proposed_by"), F("asked_by")])
                    & Q(decided_at__lt=F("lapses_at"))
                ),
                name="proposal_is_confirmed_by_another_person_in_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["proposed_at"], condition=Q(status="PROPOSED"), name="proposal_that_waits"
            ),
            models.Index(
                fields=["id"],
                condition=Q(status="LAPSED", told_at__isnull=True),
                name="proposal_lapsed_and_not_told",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="proposal_is_never_deleted", operation=pgtrigger.Delete),
            pgtrigger.FSM(
                name="proposal_is_decided_once",
                field="status",
                transitions=[
                    ("PROPOSED", end) for end in ("CONFIRMED", "REFUSED", "WITHDRAWN", "LAPSED")
                ],
            ),
            erasing.ReadOnly(
                name="proposal_never_changes",
                exclude=["status", "decided_by", "decided_at", "answer", "told_at"],
                names_people=("subject", "before", "after", "arguments"),
            ),
        ]

    def __str__(self) -> str:
        """Its kind and subject, such as "Operator's roles: new@tael.example"; one of them alone
        where it begins with the other.
        """
        title = KINDS[self.kind].title if self.kind in KINDS else self.kind
        if self.subject.lower().startswith(title.lower()):
            return self.subject[0].upper() + self.subject[1:]
        return title if title.lower().startswith(self.subject) else f"{title}: {self.subject}"

    @property
    def waits(self) -> bool:
        """Whether nobody has decided about it yet: its status is PROPOSED, also after its time is
        up.
        """
        return self.status == self.Status.PROPOSED

    @property
    def is_only_proposed(self) -> bool:
        """Whether a decision that came to this proposal has changed nothing yet, so that the
        admin's history calls it proposed (backoffice.decisions.in_history).
        """
        return self.waits

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its time is up at `now`, as it is from `lapses_at` on, whatever became of it, and
        even if the job has not marked it as LAPSED yet.
        """
        return now >= self.lapses_at
