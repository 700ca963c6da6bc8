"""Corrections of a merchant's proceeds by operators."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q

from credit.models.lines import CreditLine
from lib import erasing
from lib.fields import AmountField, CurrencyField, FormKeyField
from lib.form_keys import one_row_per_form


class ProceedsCorrection(models.Model):
    """An operator's correction of a merchant's proceeds, by an entry CORRECTION; or its
    counter-entry, which takes exactly that back, once. A row never changes.
    """

    line = models.ForeignKey(
        CreditLine, on_delete=models.PROTECT, related_name="proceeds_corrections"
    )
    currency = CurrencyField()
    amount = AmountField()  # signed: what it adds to the proceeds
    # What this is the counter-entry of.
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )
    reason = models.CharField(max_length=500)  # written for colleagues
    told = models.CharField(max_length=2000)  # written for the merchant
    request_key = FormKeyField()
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            one_row_per_form("line", "one_proceeds_correction_per_submitted_form"),
            models.CheckConstraint(
                condition=~Q(amount=0), name="proceeds_correction_is_not_of_nothing"
            ),
            models.CheckConstraint(
                condition=Q(reason__gt="", told__gt=""), name="proceeds_correction_has_both_texts"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["line", "-id"], name="proceeds_correction_history"),
        ]
        triggers: ClassVar = [
            erasing.Protect(
                name="proceeds_correction_never_changes",
                operation=pgtrigger.Update | pgtrigger.Delete,
            ),
            pgtrigger.Trigger(
                name="counter_entry_takes_back_what_was_corrected",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.undoes_id IS NOT NULL"),
                func="""
                    IF NOT EXISTS (
                        SELECT 1 FROM credit_proceedscorrection first
                        WHERE first.id = NEW.undoes_id AND first.line_id = NEW.line_id
                          AND first.amount = -NEW.amount AND first.undoes_id IS NULL
                    ) THEN
                        RAISE EXCEPTION 'a counter-entry takes back exactly what was corrected';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"Correction #{self.pk}"

    @property
    def is_counter_entry(self) -> bool:
        """Whether it takes back another correction."""
        return self.undoes_id is not None
