"""Shows user agents as the names of browsers and systems."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()

# The mark of each browser in user agents. Most also have the marks of browsers further below.
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
    """The browser and system, such as `Chrome on Windows`, or the user agent itself if one of them
    is not recognised.
    """
    name = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    if not name or not system:
        return user_agent
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
