"""Two tabs whose forms are sent at the same moment do not both win (rule 22.3)."""

import pytest
from django.test import Client

from credit.models import LimitEntry
from tests.backoffice.test_stale_pages import line_of_8000
from tests.billing.operator_decisions import WHY
from tests.factories.people import showed
from tests.threads import at_once, every_order


@pytest.mark.django_db(transaction=True)
@every_order
def test_of_two_limits_sent_at_the_same_moment_one_is_set() -> None:
    """Two tabs at 8,000 sent 5,000 and 9,000."""
    line, officer, page = line_of_8000()
    said = [{"limit": limit, **WHY} | showed(officer, page) for limit in ("5000", "9000")]

    def send(number: int) -> int:
        tab = Client()
        tab.cookies.update(officer.cookies)
        return tab.post(page, said[number]).status_code

    assert at_once(send, threads=2) == {302: 1, 200: 1}
    line.refresh_from_db()
    set_to = LimitEntry.objects.filter(line=line, kind=LimitEntry.Kind.LIMIT_SET)
    assert [entry.limit_after for entry in set_to] == [line.limit]
    assert line.limit.amount in (5000, 9000)


@pytest.mark.full  # one of two limits is set, above
@pytest.mark.django_db(transaction=True)
def test_a_freeze_sent_by_two_tabs_at_the_same_moment_is_one() -> None:
    line, officer, _page = line_of_8000()
    page = f"/admin/credit/creditline/{line.pk}/decide/freeze/"
    said = [
        {"cause": "MANUAL", "request_key": f"form-{number}", **WHY} | showed(officer, page)
        for number in range(3)
    ]

    def send(number: int) -> int:
        tab = Client()
        tab.cookies.update(officer.cookies)
        return tab.post(page, said[number]).status_code

    assert at_once(send, threads=3) == {302: 1, 200: 2}
    assert line.freezes.count() == 1
