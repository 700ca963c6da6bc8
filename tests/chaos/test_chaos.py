"""Short runs with fixed seeds; CI has one of a minute (.ci/run), longer ones by hand: `make chaos
MINUTES=30 SEED=7`.

What stays in `make test`: that the checks see what they are there for, below; and of what the run
kills, one by one: who collects payments (billing/test_payments_killed.py), sends withdrawals
(credit/test_withdrawals_killed.py), ends a month (billing/test_closing_killed.py), replays a file
(gateway/test_replay_killed.py), imports one (gateway/imports/test_killed.py) or delivers webhooks
(gateway/webhooks/test_deliveries_killed.py), and programs that are started again when they end
(config/test_servers_killed.py).
"""

import os
import signal
import subprocess
import sys
from itertools import pairwise
from urllib.parse import quote

import pytest
from django.db import connection

from config.local.datafolder import BASE_DIR
from tests import shops
from tests.chaos import checks
from tests.chaos.outside import Mail, Receiver, Stripe
from tests.chaos.plan import KILLS, KINDS, plan
from tests.chaos.traffic import Journal, Told
from tests.chaos.world import World
from tests.credit.payout_server import Bank
from tests.factories import EndpointFactory, FreezeFactory, SoldFactory

# A seed of eight seconds in which servers, web processes, workers and Redis die; and a longer one.
SHORT, LONGER = (139, 8), (48418, 20)


@pytest.fixture
def template(db: None) -> str:
    """The address of a migrated database without rows: that of the tests, as the one that it was
    copied from must have no visitor while another worker copies it.
    """
    of = connection.settings_dict
    where = f"host={quote(of['HOST'], safe='')}&port={of['PORT']}"
    return f"postgresql://{of['USER']}:{of['PASSWORD']}@/{of['NAME']}?{where}"


def chaos(template: str, *arguments: str) -> str:
    """Run the chaos with these arguments, on a copy of the template; it has to find nothing wrong.
    Returns what it printed.
    """
    command = [sys.executable, "-m", "tests.chaos", *arguments]
    # Not as a test: a test's PostgreSQL may forget what it has acknowledged.
    environment = {name: said for name, said in os.environ.items() if name != "PYTEST_VERSION"}
    environment["CHAOS_TEMPLATE"] = template
    with subprocess.Popen(
        command,
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=None if "--minutes" in arguments else 600)
        except BaseException:
            process.send_signal(signal.SIGINT)  # it ends what it has started
            process.communicate()
            raise
    assert process.returncode == 0, said[-8000:]
    return said


@pytest.mark.full  # what is killed one by one stays: see above
@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "seconds"), [SHORT, LONGER])
def test_whatever_dies_for_a_while_the_books_hold_and_all_comes_to_its_end(
    seed: int, seconds: int, template: str
) -> None:
    said = chaos(template, "--seconds", str(seconds), "--seed", str(seed))
    assert f"Seed {seed}: everything holds." in said
    assert " orders, " in said  # it is no test if nobody traded
    assert "Killed: 0" not in said  # or died


@pytest.mark.full
@pytest.mark.django_db
def test_whatever_dies_for_minutes_the_books_hold_and_all_comes_to_its_end(
    template: str,
) -> None:
    minutes, seed = os.environ.get("MINUTES") or "6", os.environ.get("SEED") or "1"
    print(chaos(template, "--minutes", minutes, "--seed", seed))


def test_a_seed_has_one_plan_in_which_no_kind_is_missing() -> None:
    first, again, other = plan(7, 240), plan(7, 240), plan(8, 240)
    assert first == again != other
    assert {fault.kind for fault in first} == set(KINDS)
    assert sum(fault.kind in KILLS for fault in first) >= 50
    assert all(one.at <= next_one.at < 240 for one, next_one in pairwise(first))


# --- that the checks see what they are there for --------------------------------------------------


def told(kind: str, reference: str, status: int, amount: str = "10.00") -> Journal:
    """The journal of one thing that was told, and how it was answered."""
    journal = Journal()
    journal.begin(Told(kind, "rosewood", reference, "", {"amount": amount}, status=status))
    return journal


@pytest.mark.django_db
def test_a_request_that_was_lost_or_invented_or_changed_is_seen() -> None:
    shop = shops.join("2026-11-01 10:00")
    SoldFactory.create(shop=shop, reference="A-1", amount="10.00")
    assert list(checks.requests(told("orders", "A-1", 201))) == []
    assert list(checks.requests(told("orders", "A-2", 0))) == []  # it may be lost
    for journal in (told("orders", "A-2", 201), told("orders", "A-1", 201, "11.00"),
                    told("payments", "p-1", 201), told("delivery", "A-1", 200)):  # fmt: skip
        (wrong,) = checks.requests(journal)
        assert wrong.startswith("Acknowledged, and 0× in the books: ")
    (wrong,) = checks.nothing_from_nowhere(told("payments", "any", 201))
    assert wrong == "Nobody told of orders rosewood A-1"


@pytest.mark.django_db
def test_a_payment_that_only_one_side_knows_or_that_was_taken_twice_is_seen() -> None:
    stripe = Stripe(0)
    intent = {"status": "succeeded", "amount": 3900, "metadata": {"tael_payment": "T-1-1"}}
    try:
        assert list(checks.at_stripe(stripe)) == []
        stripe.intents += [intent, intent]
        assert list(checks.at_stripe(stripe)) == [
            "Stripe took T-1-1 2×",
            "Stripe took T-1-1, and no row here says so",
        ]
    finally:
        stripe.server_close()
    bank = Bank()
    bank.paid = ["W-1", "W-1"]
    assert list(checks.at_the_bank(bank)) == [
        "The bank paid W-1 2×",
        "W-1 is paid at the bank only",
    ]


@pytest.mark.django_db
def test_an_event_that_nobody_took_or_that_was_told_in_two_ways_is_seen() -> None:
    shop = shops.join("2026-11-01 10:00")
    EndpointFactory.create(types=["line.frozen"])
    FreezeFactory.create(shop=shop)
    receiver = Receiver()
    try:
        receiver.told["evt_unknown"] = {b"one", b"two"}
        found = list(checks.at_the_receiver(receiver))
    finally:
        receiver.server_close()
    assert any(wrong.startswith("Nobody took line.frozen") for wrong in found)
    assert "The receiver was told of evt_unknown, which is no event" in found
    assert "Event evt_unknown was told in 2 ways" in found


@pytest.mark.django_db
def test_a_mail_that_was_taken_twice_is_seen_unless_somebody_died_meanwhile() -> None:
    mail, world = Mail(), World.__new__(World)
    mail.accepted["mei@rosewood.example", "Your bill", "…"] += [100.0, 130.0]
    try:
        world.kill_instants = [50.0, 120.0]
        assert len(list(checks.mails(mail, world))) == 1
        world.kill_instants = [101.0]
        assert list(checks.mails(mail, world)) == []
    finally:
        mail.server_close()
