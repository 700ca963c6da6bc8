"""Doors for the timetable: each works off one chunk of what `due` found."""

from collections.abc import Sequence
from datetime import datetime

from merchants.operations import mails
from merchants.piecework import Failures


def send_notice_mails(notice_ids: Sequence[int], now: datetime) -> Failures:
    return mails.send(notice_ids, now=now).failures
