"""How a merchant's documents are written: in its time zone, with the years that it has chosen."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from lib import zones
from lib.formats import years_of_buddhist_era
from merchants.models import Merchant


@contextmanager
def as_merchant_reads(merchant: Merchant) -> Iterator[None]:
    """A context in which instants are in the merchant's time zone, and years of dates in Thai as it
    has chosen. The language is not set: the caller does that.
    """
    zone = zones.zone(merchant.timezone)
    with timezone.override(zone), years_of_buddhist_era(merchant.buddhist_years):
        yield
