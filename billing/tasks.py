"""Doors for the timetable: each works off one chunk of what `due` found (config.celery)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from celery import shared_task

from billing.operations import days, payments
from billing.providers import ProviderNotReady

log = logging.getLogger(__name__)


@shared_task
def work_off_day_ends(account_ids: Sequence[int], now: str) -> None:
    days.work_off(account_ids, now=datetime.fromisoformat(now))


@shared_task
def collect_payments(invoice_ids: Sequence[int], now: str) -> None:
    for invoice_id in invoice_ids:
        try:
            payments.collect(invoice_id, now=datetime.fromisoformat(now))
        except ProviderNotReady as refusal:
            log.error("Bill %s was not collected: %s", invoice_id, refusal)
        except Exception:  # one bill's trouble is not the others'; the next run finds it due again
            log.exception("Bill %s was not collected", invoice_id)


@shared_task
def reconcile_payments(payment_ids: Sequence[int], now: str) -> None:
    for payment_id in payment_ids:
        try:
            payments.reconcile(payment_id, now=datetime.fromisoformat(now))
        except ProviderNotReady as refusal:
            log.error("Payment %s was not asked about: %s", payment_id, refusal)
        except Exception:
            log.exception("Payment %s was not asked about", payment_id)
