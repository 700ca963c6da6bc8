"""What a page says, without its markup."""

import html
import re
from typing import Any


def text_of(response: Any) -> str:
    """The words of a page in their order, as somebody reads them who asks for no help."""
    folded = r'<(script|style)\b.*?</\1>|<(button|span) class="(help|explained|copy)".*?</\2>'
    page = re.sub(folded, " ", response.content.decode(), flags=re.DOTALL)
    words = html.unescape(re.sub(r"<[^>]+>", " ", page))
    # A tag's place leaves no gap before a comma, a colon or a full stop.
    return re.sub(r" (?=[,.:])", "", " ".join(words.split()))
