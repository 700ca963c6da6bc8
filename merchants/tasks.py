"""Doors for the timetable: each works off one chunk of what `due` found (config.celery)."""

from collections.abc import Sequence
from datetime import datetime

from celery import shared_task

from merchants.operations import mails


@shared_task
def send_notice_mails(notice_ids: Sequence[int], now: str) -> None:
    mails.send(notice_ids, now=datetime.fromisoformat(now))
