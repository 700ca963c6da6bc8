"""Doors for the timetable: each works off one chunk of what `due` found (config.celery)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from billing.operations import days, payments, stripe_reversals
from merchants.piecework import Failures, by_halves, one_by_one


def work_off_day_ends(account_ids: Sequence[int], now: datetime) -> Failures:
    return by_halves(partial(days.work_off, now=now), account_ids)


def collect_payments(invoice_ids: Sequence[int], now: datetime) -> Failures:
    return one_by_one(partial(payments.collect, now=now), invoice_ids)


def reconcile_payments(payment_ids: Sequence[int], now: datetime) -> Failures:
    return one_by_one(partial(payments.reconcile, now=now), payment_ids)


def look_for_reversals(providers: Sequence[int], now: datetime) -> Failures:
    return one_by_one(lambda _provider: stripe_reversals.look(now=now), providers)
