"""The demonstration shops tell the stories that they are there for."""

from pathlib import Path

import pytest

from config import demo
from config.replay import Replaying, look_through
from credit.models import LimitReview
from tests import shops

pytestmark = pytest.mark.django_db


def test_the_dress_shop_grew_and_the_electronics_shop_was_frozen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [shop for shop in demo.SHOPS if shop.reference in ("meili", "huaxin")]
    monkeypatch.setattr(demo, "SHOPS", told)
    now = shops.instant("2026-11-23 12:00", "Asia/Shanghai")
    file = tmp_path / "demo.jsonl"
    file.write_text("\n".join(demo.events(now)) + "\n", encoding="utf-8")
    Replaying(look_through(file), now, lambda events: None).run()
    dresses, electronics = (shops.Shop(name, currency="CNY") for name in ("meili", "huaxin"))
    applied = dresses.line.reviews.filter(status=LimitReview.Status.APPLIED).order_by("on")
    assert [int(review.limit_before) for review in applied] == [5_000, 10_000]
    assert dresses.limit()[0] == "20000.00"
    assert electronics.limit()[0] == "100000.00"
    (freeze,) = electronics.line.freezes.all()
    assert (freeze.reason, freeze.lifted_at is not None) == ("OVERDUE", True)
    assert electronics.line.orders.filter(decline_code="line_frozen").exists()
