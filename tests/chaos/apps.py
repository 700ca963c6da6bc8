"""What the processes of a run have besides Tael."""

import os
from datetime import timedelta

from django.apps import AppConfig


class Chaos(AppConfig):
    """Registers the bank, and lets leases last as long as the run says: whoever was killed leaves
    one, and a short run has not the minutes to wait for its end. The providers here are waited for
    no longer than a third of it, as elsewhere.
    """

    name = "tests.chaos"
    label = "chaos"

    def ready(self) -> None:
        """Withdrawals go to the run's bank, and leases last as long as the run says."""
        from credit.providers import PROVIDERS
        from jobs import leases
        from tests.credit.payout_server import HttpProvider

        PROVIDERS["http"] = HttpProvider(os.environ.get("CHAOS_BANK", ""), patience=0.5)
        leases.LASTS = timedelta(seconds=float(os.environ["CHAOS_LEASE_SECONDS"]))
        leases.MARGIN = leases.LASTS / 2
