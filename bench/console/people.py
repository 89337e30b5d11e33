"""Somebody with a browser: signed in by a mailed code, on one connection that is kept."""

import dataclasses
import gzip
import html
import http.client
import re
import subprocess
import time
import urllib.parse

from programs import NotMeasured, environment, expect


@dataclasses.dataclass
class Answer:
    """What came back, and after how many milliseconds its last byte did."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    wire: int
    took: float

    def text(self):
        return self.body.decode()

    def links(self, pattern):
        """Where the page leads, as addresses that match."""
        found = re.findall(r'href="([^"]*)"', self.text())
        return [link for link in map(html.unescape, found) if re.search(pattern, link)]


class Person:
    """A browser with its cookies."""

    def __init__(self, server):
        self.server, self.cookies = server, {}
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def reconnect(self):
        """Begins a new connection: the server ends one that waited for a while."""
        self.connection.close()

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, **fields):
        headers = {"Origin": self.server.address, "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urllib.parse.urlencode(fields), headers)

    def ask(self, method, path, body=None, headers=None):
        headers = {"Accept": "text/html", "Accept-Language": "en", "Accept-Encoding": "gzip", **(headers or {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        began = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        took = 1000 * (time.perf_counter() - began)
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + len("HTTP/1.1 200 OK\r\n\r\n")
        wire = head + len(content)
        if answer.getheader("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return Answer(answer.status, answer.headers, content, wire, took)

    def sign_in(self, address, binary, data):
        """As a person does: asks for a code, reads it in the mailbox, types it."""
        asked = self.post("/sign-in", email=address, next="/console")
        expect(asked.status == 303, f"signing in was answered with {asked.status}")
        entered = self.post("/sign-in/code", code=mailed(address, binary, data), next="/console")
        expect(entered.status == 303, f"the code was answered with {entered.status}")
        return self


def mailed(address, binary, data):
    """The code of the newest mail to somebody."""
    show = [str(binary), "--data", str(data), "mailbox", "show"]
    until = time.monotonic() + 20
    while time.monotonic() < until:
        mail = subprocess.run(show, capture_output=True, text=True, cwd=data, env=environment()).stdout
        code = re.search(r"^ {4}([0-9A-Z-]{10,12})$", mail, re.MULTILINE)
        if code and re.search(rf"^To: .*{re.escape(address)}", mail, re.MULTILINE):
            return code.group(1)
        time.sleep(0.1)
    raise NotMeasured(f"no code came by mail to {address}")
