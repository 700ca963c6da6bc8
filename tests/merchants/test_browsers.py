"""Sessions name browsers as people do."""

import pytest

from merchants.templatetags.browsers import browser

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/130.0 Safari/537.36", "Chrome on Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0 Safari/537.36"
            " Edg/130.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1 Version/17.5",
            "Safari on iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 14) {WEBKIT} MicroMessenger/8.0", "WeChat on Android"),
        ("curl/8.0", "curl/8.0"),
        ("", ""),
    ],
)
def test_it_is_named_by_its_marks(user_agent: str, name: str) -> None:
    assert browser(user_agent) == name
