"""Asks the API whatever its own schema allows, and whatever it does not, and holds each answer
against the schema: nothing undocumented, no defect of ours, and no way around the key.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection

from config import bounds
from tests import shops
from tests.credit.pages import set_clock
from tests.gateway.asking import Caller

pytestmark = pytest.mark.django_db
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # The rules refuse much that has the right form: an unknown currency, an instant that
            # is not here yet.
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "400", "401", "403", "404", "409", "413", "422"]
            }
        }
    }
)
FEW = 2
# Its events are refused one by one, with 200.
TAKES_ANY_EVENT = "sendEvents"


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests are served by the test's own connection, which none of them closes."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("examples", [FEW, pytest.param(150, marks=pytest.mark.full)])
def test_every_answer_is_one_that_the_schema_describes(
    monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    """In `make test` of ten operations one is asked what it allows, one what it does not, and the
    others nothing; in `make test-full` each of them both.
    """
    set_clock(monkeypatch)("2026-11-26 10:00")
    shops.join("2026-11-01 10:00").place("2026-11-26 10:00", "A", "10.00")
    key = Caller(requests_per_minute=1_000_000).text
    application = bounds.in_utf_8(get_wsgi_application())
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=CONFIG)
    both = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    turns = [both] if examples > FEW else [[], both[:1], *[[]] * 4, both[1:], *[[]] * 3]
    asked = operations = 0
    found: Any
    for operations, found in enumerate(schema.get_all_operations(), 1):
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        for mode in turns[operations % len(turns)]:
            asked += _ask(operation, mode, name, key, examples)
    assert asked >= operations * (2 if examples > FEW else 0.3)
    assert operations > 20


def _ask(operation: Any, mode: GenerationMode, name: str, key: str, examples: int) -> int:
    """Send random requests of the operation, valid or not, and check each answer; returns how many
    were sent.
    """
    count = 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        nonlocal count
        count += 1
        case.call_and_validate(
            headers={"Authorization": f"Bearer {key}"},
            excluded_checks=[negative_data_rejection] if name == TAKES_ANY_EVENT else [],
        )

    ask()
    return count
