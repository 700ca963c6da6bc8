"""The clock in tests: it is taken for right, since many of them set it, and count queries."""

from django.utils import timezone

from lib import clock

ask_the_database = clock._database_time  # as it is outside of tests


def trust() -> None:
    """Whatever the time is, the database's is the same, and nobody has to ask for it."""
    clock._database_time = lambda: timezone.now()
