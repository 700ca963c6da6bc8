"""All decisions of the admin, with what each leaves on the trail.

A new decision needs a line in one of these tables.
"""

from tests.trail.trail_cases_billing import BILLING
from tests.trail.trail_cases_credit import CREDIT
from tests.trail.trail_cases_people import PEOPLE

CASES = [*CREDIT, *BILLING, *PEOPLE]
