"""What becomes of a page or command when a merchant's days cannot be worked off."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from lib.refusals import Refused


class DaysNotWorkedOff(Exception):
    """A day of the merchant has ended and cannot be worked off, so nothing can be done in this
    book. The error that stands in the way is its cause; the hourly job parks it for an
    administrator.
    """


@contextmanager
def of_merchant(merchant_id: int) -> Iterator[None]:
    """Raise DaysNotWorkedOff for what goes wrong while days of this merchant are worked off. A
    refusal, and an error of the server's that another try may not meet, stay what they are.
    """
    try:
        yield
    except (Refused, OperationalError, InterfaceError):
        raise
    except Exception as error:
        raise DaysNotWorkedOff(
            f"The days of merchant {merchant_id} that have ended cannot be worked off: {error}"
        ) from error
