"""The folder in which Tael keeps its own files: embedded servers, generated keys, beat's schedule.

The folder is TAEL_DATA_DIR, else `.data` beside manage.py (`.data/test` under pytest).
"""

import base64
import hashlib
import os
import pwd
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]

# pytest sets this for itself and for its xdist workers. pytest-django reads the settings before it
# reads any conftest.py, so a variable set there would come too late.
TESTING = "PYTEST_VERSION" in os.environ

# sockaddr_un holds 104 (macOS) or 108 (Linux) bytes; some are left for the name PostgreSQL adds.
LONGEST_SOCKET_FOLDER = 80


@cache
def root() -> Path:
    """The data folder, which is created if it is missing: TAEL_DATA_DIR, or `.data` beside
    manage.py (in tests its folder `test`). If the account that runs PostgreSQL for root could not
    reach it, a folder under /var/tmp is used instead. Raises RuntimeError if that folder belongs to
    somebody else, or root has no account to run PostgreSQL.
    """
    given = os.environ.get("TAEL_DATA_DIR")
    folder = Path(given).resolve() if given else BASE_DIR / ".data"
    if TESTING and not given:
        folder /= "test"
    if server_account() is not None and not others_can_reach(folder):
        return _fallback(folder)
    for path in (folder.parent, folder) if TESTING and not given else (folder,):
        _make(path)
    return folder


@cache
def sockets() -> Path:
    """The folder of the servers' sockets, which is created if it is missing: `run` in the data
    folder, unless that path would be too long; then a folder under /tmp. Raises RuntimeError if it
    belongs to somebody else, or others may write in it.
    """
    folder = root() / "run"
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        # Not tempfile.gettempdir(): every process must find the same folder, whatever its TMPDIR.
        folder = Path("/tmp") / f"tael-{_digest(root())}"
    _make(folder)
    _refuse_strangers(folder)
    return folder


@cache
def server_account() -> pwd.struct_passwd | None:
    """The account that PostgreSQL runs under if we are root, since it refuses to run as root:
    postgres or, without one, nobody. None if we are not root.

    Raises RuntimeError if root has no such account.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody."
    )


def others_can_reach(path: Path) -> bool:
    """Whether an account that owns none of the folders above `path`, and is in none of their
    groups, may enter all of them. `path` itself is not looked at, nor are folders that do not
    exist.
    """
    return all(step.stat().st_mode & stat.S_IXOTH for step in path.parents if step.exists())


def secret_key() -> str:
    """The SECRET_KEY for development and demonstrations. It is made the first time and kept in the
    data folder.
    """
    return _made_once("secret_key", lambda: secrets.token_urlsafe(64))


def encryption_key() -> str:
    """The encryption key (see config.keys) for development and demonstrations. It is made the first
    time and kept in the data folder.
    """
    return _made_once(
        "encryption_key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    )


def _made_once(name: str, make: Callable[[], str]) -> str:
    """The content of the file `name` in the data folder. If the file is missing, it is written with
    what `make` returns; of two processes that do so at once, both get the content of the first.
    """
    path = root() / name
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=root())
        with os.fdopen(handle, "w") as file:
            file.write(make())
        try:
            # A link appears complete or not at all, and only for the first of two processes.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_text()


def _fallback(wanted: Path) -> Path:
    """A folder under /var/tmp for the data, which the account that runs PostgreSQL can reach, as it
    could not reach `wanted`. It is created if it is missing, and then standard error says so.
    Raises RuntimeError if it belongs to somebody else.
    """
    folder = Path("/var/tmp") / f"tael-{_digest(wanted)}"
    if not folder.exists():
        account = server_account()
        name = account.pw_name if account else "?"
        print(
            f"Tael keeps its data in {folder}: user {name}, who runs PostgreSQL for root,"
            f" cannot reach {wanted}.",
            file=sys.stderr,
        )
    _make(folder)
    _refuse_strangers(folder)
    return folder


def _make(folder: Path) -> None:
    """Create the folder and those above it, unless it exists. Only this account may enter it or, if
    we are root, others may pass through it.
    """
    if folder.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    # Root's PostgreSQL is another user, who has to walk through; what lies inside is closed anyway.
    folder.chmod(0o700 if server_account() is None else 0o711)


def _refuse_strangers(folder: Path) -> None:
    """Raise RuntimeError unless the path is a folder that belongs to this account, and that nobody
    else may write in.

    Others can guess the name of a folder under /tmp.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise RuntimeError(
            f"{folder} belongs to somebody else; set TAEL_DATA_DIR to another folder."
        )


def _digest(path: Path) -> str:
    """A short text of twelve hexadecimal digits that stands for the path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
