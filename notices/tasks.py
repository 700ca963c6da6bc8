"""Doors for the timetable: each works off one chunk of what `due` found."""

from collections.abc import Sequence
from datetime import datetime

from jobs.chunks import Failures
from notices.operations import mails


def send_notice_mails(notice_ids: Sequence[int], now: datetime) -> Failures:
    return mails.send(notice_ids, now=now).failures
