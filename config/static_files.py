"""Static files as collectstatic left them, even if it ran after this process had started.

The base classes read the list of files once, when they are created. A server that was started too
early would answer each page with an error until it was restarted, and one that runs while a new
version is installed would not have the new files.

Each version of the code has a list of its own, so that two of them can serve from one folder while
machines are brought up to date one after the other.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

BASE_DIR = Path(__file__).resolve().parents[1]


@cache
def manifest() -> str:
    """The name of the file with the list that collectstatic writes for this version: it follows
    from our own static files and from requirements.txt, as packages bring others.
    """
    content = hashlib.sha256((BASE_DIR / "requirements.txt").read_bytes())
    for path in sorted((BASE_DIR / "static").rglob("*")):
        if path.is_file():
            content.update(str(path.relative_to(BASE_DIR)).encode() + path.read_bytes())
    return f"staticfiles-{content.hexdigest()[:16]}.json"


class Collected(CompressedManifestStaticFilesStorage):
    """Django's storage of files under the names that collectstatic gave them. It reads the list
    again for a name that it does not have.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.manifest_name = manifest()
        super().__init__(*arguments, **more)

    def stored_name(self, name: str) -> str:
        """Return the name that collectstatic gave the file. If the list that this process has
        read lacks the file, the list is read again, since collectstatic may have run
        meanwhile. Raises ValueError if the file is not in the list then, either.
        """
        try:
            return str(super().stored_name(name))
        except ValueError:
            self.hashed_files, self.manifest_hash = self.load_manifest()
            return str(super().stored_name(name))


class Served(WhiteNoiseMiddleware):
    """WhiteNoise's middleware, which looks for new files when it is asked for a file that it does
    not have.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.seen = self._collected_at()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(self.static_prefix) and path not in self.files:
            self._look_again()
        answer: HttpResponse = super().__call__(request)
        return answer

    def _look_again(self) -> None:
        """Read the collected files again, if collectstatic has run since."""
        collected_at = self._collected_at()
        if collected_at != self.seen:
            self.seen = collected_at
            self.add_files(self.static_root, prefix=self.static_prefix)

    def _collected_at(self) -> float:
        """When collectstatic wrote its list, as a timestamp; 0 if there is no list, or it is not
        used.
        """
        if not self.static_root or self.autorefresh:
            return 0.0
        try:
            return float((Path(self.static_root) / manifest()).stat().st_mtime)
        except FileNotFoundError:
            return 0.0
