"""Stripe's library, imported by those processes that ask Stripe: a tenth of each start, else."""

from typing import TYPE_CHECKING

from lib import late

if TYPE_CHECKING:
    import stripe as stripe
else:
    stripe = late.Module("stripe")
