"""Doors for the timetable: each works off one chunk of what `due` found (config.celery)."""

from collections.abc import Sequence
from datetime import datetime

from celery import shared_task

from credit.operations import days


@shared_task
def work_off_day_ends(line_ids: Sequence[int], now: str) -> None:
    days.work_off(line_ids, now=datetime.fromisoformat(now))
