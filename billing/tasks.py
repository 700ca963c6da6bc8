"""Doors for the timetable: each works off one chunk of what `due` found (config.celery)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from celery import shared_task

from billing.operations import days, payments
from billing.providers import SandboxNotAllowed

log = logging.getLogger(__name__)


@shared_task
def work_off_day_ends(account_ids: Sequence[int], now: str) -> None:
    days.work_off(account_ids, now=datetime.fromisoformat(now))


@shared_task
def collect_payments(invoice_ids: Sequence[int], now: str) -> None:
    for invoice_id in invoice_ids:
        try:
            payments.collect(invoice_id, now=datetime.fromisoformat(now))
        except SandboxNotAllowed as refusal:
            log.error("Bill %s was not collected: %s", invoice_id, refusal)
