"""What an operator reads before deciding about an issuer."""

from backoffice.briefs import FEW, Brief, Fact, History, Past
from billing.models import Invoice, Issuer


def of_issuer(issuer: Issuer) -> Brief:
    """What an operator reads before deciding about an issuer: its prefix and present version, how
    many accounts have it, whether it has issued bills, and its latest versions, newest first.
    """
    rows = issuer.versions.defer("logo").order_by("-version")[:FEW]
    billed = Invoice.objects.filter(issuer__issuer=issuer)
    return Brief(
        facts=(
            Fact("Prefix", issuer.prefix),
            Fact("Present version", str(issuer.present)),
            Fact("Accounts", issuer.accounts.count()),
            Fact("Has issued bills", "yes" if billed.exists() else "no"),
        ),
        histories=(
            History("Versions", [Past(one.at, str(one), one.actor, one.reason) for one in rows]),
        ),
    )
