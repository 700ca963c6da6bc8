"""Sends e-mails that are kept as rows."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Model

from jobs.chunks import TRANSIENT_ERRORS, Failures
from lib.refusals import Refused

log = logging.getLogger(__name__)

# After so many failures in a row the server is taken to be at fault, and not the e-mails.
FAILURES_IN_A_ROW = 3


class NotSent(Refused):
    """The mail server did not take the e-mail, or the e-mail was not tried."""

    code = "mail_not_sent"


class Sending(NamedTuple):
    """How many e-mails were sent, and the failures by the keys that `deliver` was given for
    them.
    """

    sent: int  # e-mails
    failures: Failures  # by notice


def deliver(
    rows: Iterable[tuple[int, int]],
    *,
    send_one: Callable[[int, BaseEmailBackend, datetime], bool],
    model: type[Model],
    now: datetime,
) -> Sending:
    """Send e-mails over one connection. Each of `rows` is (key of an e-mail, key under which its
    failure is returned).

    `send_one` claims an e-mail, sends it and marks it as sent, and returns whether it did. An
    e-mail that fails does not hold up the others; its column `failures` in `model` goes up by 1.
    After three failures in a row no more are tried, and the rest are returned as failures, too. One
    of TRANSIENT_ERRORS, which is no fault of the e-mail, is raised at once. Failures are logged.
    """
    server = mail.get_connection()
    sent = in_a_row = 0
    failures: Failures = {}
    for mail_id, told_by in rows:
        if in_a_row == FAILURES_IN_A_ROW:
            failures.setdefault(told_by, NotSent("not tried: the mail server fails"))
            continue
        try:
            sent += send_one(mail_id, server, now)
            in_a_row = 0
        except TRANSIENT_ERRORS:
            raise
        except Exception as error:  # whatever a mail backend raises: they have no common ancestor
            log.exception("E-mail %s was not sent", mail_id)
            model._default_manager.filter(pk=mail_id).update(failures=F("failures") + 1)
            failures[told_by] = NotSent(f"{type(error).__name__}: {error}")
            in_a_row += 1
            _close(server)  # the next mail starts from a new connection
    _close(server)
    return Sending(sent, failures)


def _close(server: BaseEmailBackend) -> None:
    """Close the connection, also if the server is gone."""
    with suppress(OSError):  # saying goodbye to a server that is not there
        server.close()
