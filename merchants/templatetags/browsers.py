"""Shows browsers by the names that their users know."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()

# What each writes into its user agent; most also write what those below them do.
BROWSERS = {
    "MicroMessenger": "WeChat",
    "Line/": "LINE",
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.filter
def browser(user_agent: str) -> str:
    """The browser and system, such as `Chrome on Windows`; the user agent itself where they
    can't be told.
    """
    name = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    if not name or not system:
        return user_agent
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
