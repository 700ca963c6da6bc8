"""A mail server that keeps each message as a file and sends none on.

mailbox.py PORT FOLDER
"""

import itertools
import socketserver
import sys
from pathlib import Path

FOLDER = Path(sys.argv[2])
numbers = itertools.count(1)


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Speak SMTP with one sender, and keep each message that it sends."""
        self.say("220 mailbox")
        for line in self.rfile:
            word = line.split(b":")[0].split(maxsplit=1)[0].upper() if line.strip() else b""
            if word == b"DATA":
                self.say("354 go on")
                self.keep()
                self.say("250 kept")
            elif word == b"QUIT":
                self.say("221 goodbye")
                return
            else:
                self.say("250 well")

    def keep(self) -> None:
        """Write the message that comes into a numbered file of FOLDER, which gets its name once it
        is whole.
        """
        lines = itertools.takewhile(lambda line: line.rstrip(b"\r\n") != b".", self.rfile)
        message = b"".join(line.removeprefix(b".") for line in lines)
        draft = FOLDER / f".{next(numbers):03}.eml"
        draft.write_bytes(message)
        draft.rename(FOLDER / draft.name.lstrip("."))

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()
