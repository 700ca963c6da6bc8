"""The server that webhooks of these tests are sent to."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from tests.gateway.webhooks import receivers
from tests.gateway.webhooks.receivers import Receiver


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A server on this machine, which webhooks may be sent to."""
    settings.TAEL_WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    with receivers.running() as receiver:
        yield receiver
