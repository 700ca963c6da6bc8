"""The documented nginx (deploy/nginx.conf), before web servers of a test."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests import lacking
from tests.ports import free_port
from tests.processes import until

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CONFIGURATION = settings.BASE_DIR / "deploy" / "nginx.conf"


@contextmanager
def nginx(
    answers: Callable[[int], object], *upstreams: int, port: int = 0
) -> Iterator[tuple[int, Path]]:
    """A context in which nginx serves before the web servers on these ports, which it asks in turn.
    It is ready once `answers` says so of its port. Gives its port and the file of its log.
    """
    if NGINX is None:
        lacking.skip("There is no nginx here.")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="tael-nginx-") as folder:
        path = Path(folder) / "nginx.conf"
        path.write_text(_for_here(CONFIGURATION.read_text(), folder, port, *upstreams))
        process = subprocess.Popen([NGINX, "-p", folder, "-c", str(path), "-g", "daemon off;"])
        try:
            until(lambda: answers(port))
            yield port, Path(folder) / "access.log"
        finally:
            process.terminate()
            process.wait()


def _for_here(text: str, folder: str, port: int, *upstreams: int) -> str:
    """Other ports, folders and no TLS, and who answered on the log; all else is as documented.

    All clients of a test come from one address, and must not be told apart from the many addresses
    that a real attack comes from: the bound of connections from one is lifted.
    """
    changes = {
        r"^user .*\n": "",
        r"/run/nginx\.pid": f"{folder}/pid",
        r"/var/log/nginx": folder,
        r"server 127\.0\.0\.1:8000;": " ".join(f"server 127.0.0.1:{one};" for one in upstreams),
        r"\$request_time \$request_id'": "$request_time $request_id $upstream_addr'",
        r"    server \{\n        listen 80 (.|\n)*?\n    \}\n": "",
        r"    server \{\n        listen 443 ssl default_server(.|\n)*?\n    \}\n": "",
        r"listen 443 ssl;": f"listen 127.0.0.1:{port} default_server;",
        r" +ssl_.*\n": "",
        r"server_name tael\.example": "server_name _",
        r"limit_conn at_once \d+": "limit_conn at_once 1000",
    }
    for pattern, instead in changes.items():
        text, found = re.subn(pattern, instead, text, flags=re.MULTILINE)
        assert found, pattern
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return text.replace("http {\n", f"http {{\n{temporary}", 1)
