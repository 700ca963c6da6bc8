"""Celery's scheduler, of which only one sends jobs however many machines run one.

Two that send do no harm, since a tick is claimed once (jobs.runs); but half of what they send is
for nothing, and nobody could tell which of them is at work. So the one that leads holds a lease,
and another leads half a minute after it died.
"""

import logging
import os
import socket
from datetime import timedelta
from typing import Any

from celery.beat import Scheduler
from django.db import Error, close_old_connections

from jobs import leases
from jobs.models import Lease

log = logging.getLogger(__name__)

WHAT = "timetable"
LASTS, MARGIN = timedelta(seconds=30), timedelta(seconds=5)
LOOK_SECONDS = 10  # in between: a third of what the lease lasts


class LeadingScheduler(Scheduler):
    """Celery's scheduler in memory, which sends nothing while another one leads."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.lease: leases.Held | None = None
        super().__init__(*arguments, **more)
        self.max_interval: float = min(float(self.max_interval), LOOK_SECONDS)

    def tick(self, *arguments: Any, **more: Any) -> float:
        """Send what is due, if this scheduler leads; returns after how many seconds to look
        again.
        """
        if not self.leads():
            return LOOK_SECONDS
        return float(super().tick(*arguments, **more))

    def leads(self) -> bool:
        """Whether this scheduler leads: it renews its lease, or takes one that is free. If the
        database can't be asked, it is taken to lead: what is sent twice is done once, and what
        nobody sends is late. Both that, and that another one leads now, are logged.
        """
        close_old_connections()
        try:
            if self.lease is not None and self.lease.renew():
                return True
            _free_what_a_dead_process_left()
            led, self.lease = self.lease is not None, leases.take(WHAT, LASTS, MARGIN)
        except Error as error:
            log.warning("It is not known which scheduler leads: %s", " ".join(str(error).split()))
            return True
        if led and self.lease is None:
            log.warning("Another scheduler leads now")
        return self.lease is not None

    def close(self) -> None:
        """Stop this scheduler, and give back its lease, so that another one can lead at once."""
        if self.lease is not None:
            leases.give_back(self.lease)
            self.lease = None
        super().close()


def _free_what_a_dead_process_left() -> None:
    """Delete the lease of the leading scheduler if its owner is a process of this machine that is
    no more, such as the scheduler that was killed before this one was started in its place.
    """
    found = Lease.objects.filter(what=WHAT).first()
    if found is None:
        return
    host, _, process = found.owner.partition(" ")
    number = process.partition(" ")[0]
    if host == socket.gethostname()[:60] and number.isdigit() and not _is_there(int(number)):
        Lease.objects.filter(pk=found.pk).delete()


def _is_there(number: int) -> bool:
    """Whether another process of this machine than this one has this number."""
    if number == os.getpid():  # as it was given to another before, in a container for example
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
