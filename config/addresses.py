"""Checks settings that name networks and contacts, as the settings load."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.core.exceptions import ImproperlyConfigured

CONTACT = re.compile(r"(mailto:|https://|tel:)[\x21-\x7e]+")


def networks(
    named: list[str], setting: str = "TAEL_ADMIN_NETWORKS"
) -> list[IPv4Network | IPv6Network]:
    """The networks that `named` lists, as IP networks: each text is an address or a network such as
    10.0.0.0/8. `setting` is the name of the setting that they come from, for the message. Raises
    ImproperlyConfigured if one of the texts is not a network.
    """
    try:
        return [ip_network(one) for one in named]
    except ValueError as error:
        raise ImproperlyConfigured(f"{setting}: {error}") from None


def contact(given: str) -> str:
    """TAEL_SECURITY_CONTACT as a URI; an e-mail address becomes a mailto: URI, and an empty text
    stays empty.

    Raises ImproperlyConfigured for anything else: a contact that nobody can use is worse than none.
    """
    given = given.strip()
    uri = f"mailto:{given}" if "@" in given and ":" not in given else given
    if uri and not CONTACT.fullmatch(uri):
        raise ImproperlyConfigured(
            "TAEL_SECURITY_CONTACT must be an e-mail address, or a mailto:, https:// or tel: URI."
        )
    return uri
