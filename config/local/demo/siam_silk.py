"""The shop in Bangkok: its withdrawals are paid, rejected, refused by the bank, left without an
answer or waiting for approval, and it asks for a higher limit.
"""

from collections.abc import Iterator

from config.local.demo import actions
from config.local.demo.actions import Action
from config.local.demo.season import Days

OWNER = "owner@silk.example"
FINANCE = "finance@silk.example"
BANK = "ธนาคารกรุงเทพ"
HOLDER = "บริษัท สยามซิลค์เฮาส์ จำกัด"
# Numbers that the sandbox pays to, refuses, and gives no answer about (credit.providers).
GOOD, REFUSED, SILENT = "6212 2620 0000 0050 003", "4000 0000 0000 0002", "4000 0000 0000 0119"


def chapter(days: Days) -> Iterator[Action]:
    """Yield what people did for this shop, each action with its instant; not in order of time."""
    at, ago = days.at, days.ago
    yield Action(at(0, 10), actions.add_card("4444", brand="Mastercard", by=OWNER))
    yield Action(at(0, 11), actions.confirm_details(
        HOLDER, "99 ถนนสีลม แขวงสีลม เขตบางรัก\nกรุงเทพมหานคร 10500", "TH", "0105561234560",
        by=OWNER))  # fmt: skip
    yield Action(at(20, 10), actions.add_bank_card(GOOD, holder=HOLDER, bank=BANK, by=OWNER))
    yield Action(at(32, 10), actions.withdraw("first", "40000.00", to="0003", by=FINANCE))
    yield Action(at(50, 10), actions.withdraw("second", "80000.00", to="0003", by=FINANCE))
    yield Action(at(50, 14), actions.approve_withdrawal("second"))
    yield Action(at(62, 10), actions.withdraw("third", "90000.00", to="0003", by=OWNER))
    yield Action(at(62, 15), actions.reject_withdrawal(
        "third", "ชื่อบัญชีไม่ตรงกับใบอนุญาต โปรดส่งหนังสือรับรองบริษัท"))  # fmt: skip
    yield Action(at(66, 10), actions.add_bank_card(REFUSED, holder=HOLDER, bank=BANK, by=OWNER))
    yield Action(at(68, 10), actions.withdraw("fourth", "8000.00", to="0002", by=FINANCE))
    yield Action(at(70, 10), actions.add_bank_card(SILENT, holder=HOLDER, bank=BANK, by=OWNER))
    yield Action(ago(1, 14), actions.withdraw("fifth", "5000.00", to="0119", by=FINANCE))
    # With this one the day's sum passes what goes without an approval.
    yield Action(ago(1, 15), actions.withdraw("sixth", "75000.00", to="0003", by=FINANCE))

    yield Action(ago(2, 10), actions.ask_raise(
        "180000.00", "ลูกค้าสั่งผ้าไหมสำหรับเทศกาลปีใหม่มากกว่าปีที่แล้วเท่าตัว", by=OWNER))  # fmt: skip
