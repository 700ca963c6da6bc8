"""Writes files as banks send them: camt.053 as in Germany (versions 2 and 8), and MT940."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape

IBAN = "DE02120300000000202051"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001"


@dataclass(frozen=True)
class Paid:
    """A movement of the account. Several `parts` make one entry of a batch, booked as their sum."""

    amount: str
    text: str = ""
    reference: str = ""  # in the field that is made for it
    name: str = ""
    account: str = ""
    bank_reference: str = ""
    end_to_end_id: str = "NOTPROVIDED"
    is_credit: bool = True
    is_reversal: bool = False
    returned: str = ""
    value_on: str = ""  # the day of the statement without it
    instructed: str = ""  # such as "100.00 USD"
    pending: bool = False
    parts: Sequence["Paid"] = ()

    @property
    def signed(self) -> Decimal:
        """The amount, below 0 for what went out."""
        return Decimal(self.amount) * (1 if self.is_credit else -1)


def camt(
    *paid: Paid,
    version: int = 2,
    name: str = "S-1",
    account: str = IBAN,
    currency: str = "USD",
    opening: str = "0.00",
    closing: str = "",
    on: str = "2026-11-05",
    encoding: str = "utf-8",
) -> bytes:
    """A statement of one day; its closing balance follows from its entries unless it is given."""
    booked = [one for one in paid if not one.pending]
    ends = closing or str(Decimal(opening) + sum(one.signed for one in booked))
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<Document xmlns="{NAMESPACE}.{version:02}">
 <BkToCstmrStmt>
  <GrpHdr><MsgId>M-{name}</MsgId><CreDtTm>{on}T21:10:00+01:00</CreDtTm></GrpHdr>
  <Stmt>
   <Id>{name}</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>{on}T21:10:00+01:00</CreDtTm>
   <Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>
   {_balance("OPBD", opening, currency, on)}
   {_balance("CLBD", ends, currency, on)}
   {"".join(_entry(one, version, currency, on) for one in paid)}
  </Stmt>
 </BkToCstmrStmt>
</Document>
"""
    return text.encode(encoding)


def _balance(code: str, amount: str, currency: str, on: str) -> str:
    """The XML of a balance; `code` says which, such as OPBD."""
    sign = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _sign(paid: Paid) -> str:
    """The XML of whether it came in or went out."""
    return f"<CdtDbtInd>{'CRDT' if paid.is_credit else 'DBIT'}</CdtDbtInd>"


def _entry(paid: Paid, version: int, currency: str, on: str) -> str:
    """The XML of one entry on the account, with the transfers that it is made of."""
    status = "PDNG" if paid.pending else "BOOK"
    details = "".join(
        _details(one, version, currency, is_only=not paid.parts) for one in paid.parts or [paid]
    )
    batch = f"<Btch><NbOfTxs>{len(paid.parts)}</NbOfTxs></Btch>" if paid.parts else ""
    return f"""
   <Ntry>
    <Amt Ccy="{currency}">{paid.amount}</Amt>{_sign(paid)}
    {"<RvslInd>true</RvslInd>" if paid.is_reversal else ""}
    <Sts>{status if version < 8 else f"<Cd>{status}</Cd>"}</Sts>
    <BookgDt><Dt>{on}</Dt></BookgDt><ValDt><Dt>{paid.value_on or on}</Dt></ValDt>
    {f"<AcctSvcrRef>{paid.bank_reference}</AcctSvcrRef>" if paid.bank_reference else ""}
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls>{batch}{details}</NtryDtls>
    <AddtlNtryInf>SEPA-GUTSCHRIFT</AddtlNtryInf>
   </Ntry>"""


def _details(paid: Paid, version: int, currency: str, *, is_only: bool) -> str:
    """The XML of one transfer of an entry, as this version of camt has it."""
    amount, details, party = "", "", ""
    if not is_only and version >= 8:
        amount = f'<Amt Ccy="{currency}">{paid.amount}</Amt>{_sign(paid)}'
    elif not is_only:
        details = f'<TxAmt><Amt Ccy="{currency}">{paid.amount}</Amt></TxAmt>'
    if paid.instructed:
        figure, other = paid.instructed.split()
        details = f'<InstdAmt><Amt Ccy="{other}">{figure}</Amt></InstdAmt>{details}'
    role = "Dbtr" if paid.is_credit else "Cdtr"
    if paid.name:
        named = f"<Nm>{escape(paid.name)}</Nm>"
        party = f"<{role}>{named if version < 8 else f'<Pty>{named}</Pty>'}</{role}>"
    if paid.account:
        party += f"<{role}Acct><Id><IBAN>{paid.account}</IBAN></Id></{role}Acct>"
    said = f"<Ustrd>{escape(paid.text)}</Ustrd>" if paid.text else ""
    if paid.reference:
        said += (
            "<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
            f"<Ref>{paid.reference}</Ref></CdtrRefInf></Strd>"
        )
    returned = f"<RtrInf><Rsn><Cd>{paid.returned}</Cd></Rsn></RtrInf>" if paid.returned else ""
    own = f"<AcctSvcrRef>{paid.bank_reference}</AcctSvcrRef>" if not is_only else ""
    return f"""
     <TxDtls>
      <Refs>{own}<EndToEndId>{paid.end_to_end_id}</EndToEndId></Refs>
      {amount}{f"<AmtDtls>{details}</AmtDtls>" if details else ""}
      {f"<RltdPties>{party}</RltdPties>" if party else ""}
      {f"<RmtInf>{said}</RmtInf>" if said else ""}{returned}
     </TxDtls>"""


# As a Dutch bank writes it: field 86 in words between slashes, cut after 65 characters.
DUTCH = """{1:F01ABNANL2AXXXX0000000000}{2:I940ABNANL2AXXXXN}{4:
:20:ABN AMRO BANK NV
:25:NL91ABNA0417164300
:28C:30901/1
:60F:C261104EUR1000,00
:61:2611051105C60,50N247NONREF//BANK-7
:86:/TRTP/SEPA OVERBOEKING/IBAN/NL20INGB0001234567/BIC/INGBNL2A/NAME/J
ANSSEN WINKELS BV/REMI/Rekening RF18 5390 0754 7034 van november/ERE
F/E2E-77
:61:2611051105D12,50N003NONREF
:86:/TRTP/INCASSO/NAME/KAS BANK/REMI/Kosten betalingsverkeer
:62F:C261105EUR1048,00
:86:Meer informatie vindt u in uw internetbankieren
-}
"""
# As German banks write it: fields of field 86 by question marks, in the encoding of before.
GERMAN = """:20:STARTUMSE
:25:12030000/202051
:28C:00011/001
:60F:C261104EUR500,00
:61:2611051105CR119,00N166NONREF//BANK-8
:86:166?00GUTSCHRIFT?109310?20EREF+RG-1?21SVWZ+Rechnung RF18539007?22547034 vielen Dank
?30COBADEFFXXX?31DE89370400440532013000?32Müller Bürobedarf GmbH
:61:2611051105RC20,00N166NONREF//BANK-9
:86:171?00RUECKGABE?20SVWZ+zurueck?32Schulz
:62F:C261105EUR599,00
-
"""
# As banks in Bangkok and New York write it: field 86 is words, and a balance may be overdrawn.
PLAIN = """:20:940S261105
:25:0123456789
:28C:309
:60F:D261104USD10,00
:61:261105C1500,NTRFINV 000123//BK0099
ACME TRADING
:86:INCOMING WIRE ORIG:ACME TRADING CO LTD
REF DE-2026-000001 LESS FEES
:62F:C261105USD1490,00
:64:C261105USD1490,00
"""
