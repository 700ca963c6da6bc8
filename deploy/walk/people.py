"""What people do in the walk: with a browser's cookies and forms, through nginx, over HTTPS.

people.py superuser EMAIL -- COMMAND …   answers the command's questions
people.py first EMAIL                    first sign-in: proves the address, sets up a factor
people.py again EMAIL                    signs in with password and factor
people.py invite EMAIL MERCHANT INVITED  an administrator invites a merchant's owner
people.py join INVITED MERCHANT          the owner follows the link and opens the overview
"""

import base64
import hashlib
import hmac
import html
import json
import os
import pty
import re
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from http.cookiejar import CookieJar
from pathlib import Path

SITE = "https://tael.example"
MAILS, KNOWN = Path("/run/walk/mails"), Path("/run/walk/people.json")
CERTIFICATE = "/etc/tael/tls/fullchain.pem"
PASSWORD = "walk-through-the-book-7431"
PATIENCE_SECONDS = 180  # mails are sent by the timetable
ELSEWHERE = ("/logout/", "/language/", "/setlang/")  # forms that are on each page
STEP = 30  # seconds for which a code is good


class Stopped(Exception):
    """What was expected is not there."""


class Browser:
    def __init__(self) -> None:
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=CERTIFICATE)),
            urllib.request.HTTPCookieProcessor(CookieJar()),
        )
        self.address, self.page = "", ""

    def open(self, address: str, data: dict[str, str] | None = None) -> str:
        """Go there, through redirects; the page. Raises Stopped unless it is a 200."""
        address = urllib.parse.urljoin(self.address or SITE, address)
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(address, body, {"Referer": self.address or SITE})
        try:
            with self.opener.open(request, timeout=60) as answer:
                self.address, self.page = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Stopped(f"{address} answers {error.code}: {text_of(error.read())}") from error
        return self.page

    def submit(self, address: str, **fields: str) -> str:
        """Fill in the page's form that has these fields, and send it."""
        self.open(address)
        return self.send(**fields)

    def send(self, **fields: str) -> str:
        """Fill in the form of the present page that has these fields, send it with its hidden ones,
        and return the page that follows. Raises Stopped if there is no such form.
        """
        for attributes, form in re.findall(r"<form\b([^>]*)>(.*?)</form>", self.page, re.DOTALL):
            action = re.search(r'action="([^"]*)"', attributes)
            target = html.unescape(action[1]) if action and action[1] else self.address
            has = set(re.findall(r'name="([^"]+)"', form))
            is_elsewhere = any(part in target for part in ELSEWHERE)
            if 'method="post"' in attributes and fields.keys() <= has and not is_elsewhere:
                hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
                content = {name: html.unescape(value) for name, value in hidden}
                return self.open(target, content | fields)
        raise Stopped(f"{self.address} has no form with {sorted(fields)}: {text_of(self.page)}")

    def expect(self, path: str) -> None:
        """Raise Stopped unless the present page is at this path."""
        if urllib.parse.urlsplit(self.address).path != path:
            raise Stopped(f"{self.address} in place of {path}: {text_of(self.page)}")


def text_of(page: str | bytes) -> str:
    """The first 600 characters of what the page says, without its tags, scripts and styles."""
    words = page.decode(errors="replace") if isinstance(page, bytes) else page
    return " ".join(
        html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", words, flags=re.S)).split()
    )[:600]


def link(recipient: str, path: str) -> str:
    """The address that begins with `path` in the latest mail to the recipient, waiting until there
    is one. Raises Stopped after PATIENCE_SECONDS.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for file in sorted(MAILS.glob("*.eml"), reverse=True):
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            found = re.search(re.escape(SITE + path) + r"\S+", body.get_content() if body else "")
            if recipient in str(message["To"]) and found:
                return found[0]
        time.sleep(1)
    raise Stopped(f"no mail to {recipient} with a link to {path}")


def remembered() -> dict[str, dict[str, object]]:
    return json.loads(KNOWN.read_text()) if KNOWN.exists() else {}


def code(person: str) -> str:
    """The next code of the person's authenticator; each is good once."""
    known = remembered()
    mine = known[person]
    while int(time.time()) // STEP <= int(str(mine.get("used", 0))):
        time.sleep(0.5)
    mine["used"] = counter = int(time.time()) // STEP
    KNOWN.write_text(json.dumps(known))
    digest = hmac.digest(
        base64.b32decode(str(mine["secret"])), struct.pack(">Q", counter), hashlib.sha1
    )
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def first(person: str) -> None:
    """Sign in for the first time: confirm the address, set up an app for codes, whose secret is
    remembered, and open the admin. Raises Stopped.
    """
    browser = Browser()
    browser.submit("/accounts/login/?next=/admin/", login=person, password=PASSWORD)
    browser.expect("/accounts/confirm-email/")
    browser.open(link(person, "/accounts/confirm-email/"))
    browser.send()
    if "/admin/" not in browser.address and "2fa" not in browser.address:
        browser.submit("/accounts/login/?next=/admin/", login=person, password=PASSWORD)
    browser.open("/admin/")
    browser.expect("/accounts/2fa/")
    browser.open("/accounts/2fa/totp/activate/")
    if "reauthenticate" in browser.address:
        browser.send(password=PASSWORD)
    secret = re.search(r'value="([A-Z2-7]{16,})"', browser.page)
    if secret is None:
        raise Stopped(f"no secret on {browser.address}: {text_of(browser.page)}")
    KNOWN.write_text(json.dumps(remembered() | {person: {"secret": secret[1]}}))
    browser.send(code=code(person))
    admin(browser, person)


def admin(browser: Browser, person: str) -> None:
    """Open the admin, with a code if it asks for one. Raises Stopped if it does not open."""
    browser.open("/admin/")
    if "/accounts/2fa/" in browser.address:
        browser.send(code=code(person))
    browser.open("/admin/")
    browser.expect("/admin/")


def again(person: str) -> Browser:
    """Sign in with password and code, and open the admin; returns the browser."""
    browser = Browser()
    browser.submit("/accounts/login/?next=/admin/", login=person, password=PASSWORD)
    browser.expect("/accounts/2fa/authenticate/")
    browser.send(code=code(person))
    admin(browser, person)
    return browser


def invite(person: str, merchant: str, invited: str) -> None:
    """Have an operator invite somebody as the merchant's owner. Raises Stopped."""
    browser = again(person)
    browser.open("/admin/merchants/membership/decide/invite/")
    if "/accounts/2fa/" in browser.address:
        browser.send(code=code(person))
    page = browser.send(merchant=merchant, email=invited, role="OWNER", reason="Opens its account")
    if f"{invited} is invited" not in html.unescape(page):
        raise Stopped(f"not invited: {text_of(page)}")


def join(person: str, merchant: str) -> None:
    """Take up an invitation with a new password, and load the page's static files.

    Raises Stopped.
    """
    browser = Browser()
    browser.open(link(person, "/invitations/"))
    page = browser.send(new_password1=PASSWORD, new_password2=PASSWORD)
    browser.expect(f"/m/{merchant}/")
    files = sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)))
    if not any(file.endswith(".css") for file in files):
        raise Stopped(f"no style sheet among {files}")
    for file in files:
        browser.opener.open(SITE + file, timeout=60).read()
    print(f"{text_of(page)[:60]} … and {len(files)} static files")


def superuser(person: str, command: list[str]) -> None:
    """Run `createsuperuser` in a terminal of its own, and type the address and the password that it
    asks for. Raises Stopped, with what it said, if it fails.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    answers = {b"address: ": person, b"Password: ": PASSWORD, b"Password (again): ": PASSWORD}
    said, asked = b"", b""
    while True:
        try:
            part = os.read(terminal, 1024)
        except OSError:  # it has ended
            break
        if not part:
            break
        said, asked = said + part, asked + part
        for question, answer in answers.items():
            if asked.lower().endswith(question.lower()):
                os.write(terminal, f"{answer}\n".encode())
                asked = b""
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        raise Stopped(said.decode())


def main(action: str, *words: str) -> None:
    """Carry out the action of this name with these words. Those of `superuser` are a person, a
    separator and the command to run.
    """
    if action == "superuser":
        superuser(words[0], list(words[2:]))
    else:
        steps: dict[str, Callable[..., object]]
        steps = {"first": first, "again": again, "invite": invite, "join": join}
        steps[action](*words)


try:
    main(*sys.argv[1:])
except Stopped as reason:
    sys.exit(str(reason))
