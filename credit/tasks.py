"""Doors for the timetable: each works off one chunk of what `due` found (config.celery)."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from celery import shared_task

from credit.operations import days, flags, payouts
from credit.providers import SandboxNotAllowed
from merchants.refusals import Refused

log = logging.getLogger(__name__)


@shared_task
def work_off_day_ends(line_ids: Sequence[int], now: str) -> None:
    days.work_off(line_ids, now=datetime.fromisoformat(now))


@shared_task
def flag_orders(line_ids: Sequence[int], now: str) -> None:
    flags.raise_flags(line_ids, now=datetime.fromisoformat(now))


@shared_task
def send_withdrawals(withdrawal_ids: Sequence[int], now: str) -> None:
    _one_by_one(payouts.send, withdrawal_ids, now)


@shared_task
def reconcile_withdrawals(withdrawal_ids: Sequence[int], now: str) -> None:
    _one_by_one(payouts.reconcile, withdrawal_ids, now)


@shared_task
def flag_late_withdrawals(withdrawal_ids: Sequence[int], now: str) -> None:
    payouts.flag_late(withdrawal_ids, now=datetime.fromisoformat(now))


def _one_by_one(do: Callable[..., None], withdrawal_ids: Sequence[int], now: str) -> None:
    """One that cannot be dealt with keeps none of the others waiting."""
    for withdrawal_id in withdrawal_ids:
        try:
            do(withdrawal_id, now=datetime.fromisoformat(now))
        except (Refused, SandboxNotAllowed) as refusal:
            log.error("Withdrawal %s was left as it is: %s", withdrawal_id, refusal)
        except Exception:
            log.exception("Withdrawal %s was left as it is", withdrawal_id)
