#!/usr/bin/env python3
"""A page on which people of a company get a token of their own. It stands behind a reverse proxy that signs them in.

The proxy says who it is in a header; nothing else may reach this program. So it listens on loopback only, and believes a
request only if it also carries a secret that the proxy adds. The token is in one answer, once, and nowhere else.

GATE_URL, GATE_ORG, GATE_BOT_KEY   as for issue-token
SELF_SERVICE_PORT     default 8420
SELF_SERVICE_SECRET   file with the secret that the proxy sends as X-Proxy-Secret
SELF_SERVICE_HEADER   the header that names the person, default X-Forwarded-Email
SELF_SERVICE_DAYS     how long a token lives, default 90
"""

import hmac
import html
import os
import pathlib
import re
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ISSUE = pathlib.Path(__file__).with_name("issue-token")
SECRET = pathlib.Path(os.environ["SELF_SERVICE_SECRET"]).read_text().strip().encode()
HEADER = os.environ.get("SELF_SERVICE_HEADER", "X-Forwarded-Email")
DAYS = os.environ.get("SELF_SERVICE_DAYS", "90")
URL = os.environ["GATE_URL"].rstrip("/")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sekisho token</title><h1>Sekisho token</h1>{}</html>"""


class Page(BaseHTTPRequestHandler):
    """One address: GET shows a button, POST issues a token and shows it."""

    server_version = "self-service"
    timeout = 20

    def person(self):
        """Who the proxy says it is; None if it was not the proxy."""
        secrets = self.headers.get_all("X-Proxy-Secret", [])
        people = self.headers.get_all(HEADER, [])
        if len(secrets) != 1 or len(people) != 1 or not hmac.compare_digest(secrets[0].encode("utf-8", "replace"), SECRET):
            return None
        return people[0] if re.fullmatch(r"[A-Za-z0-9._@+-]{4,255}", people[0]) else None

    def show(self, status, text):
        body = PAGE.format(text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
        self.send_header("Referrer-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        person = self.person()
        if not person:
            return self.show(403, "<p>Come through the company's sign-in.")
        form = '<form method="post"><button>Get a token</button></form>'
        return self.show(200, f"<p>For {html.escape(person)}. It lives {html.escape(DAYS)} days; a new one ends no older one.{form}")

    def do_POST(self):
        person = self.person()
        if not person:
            return self.show(403, "<p>Come through the company's sign-in.")
        # Another site could make a visitor's browser post here; it would not read the token, but tokens would pile up.
        if self.headers.get("Sec-Fetch-Site") != "same-origin":
            return self.show(403, "<p>Press the button on this page.")
        issued = subprocess.run([ISSUE, person, DAYS], capture_output=True, text=True, timeout=60, check=False)
        if issued.returncode != 0:
            self.log_error("%s", issued.stderr.strip())
            return self.show(502, "<p>No token was issued. Ask those who run this page.")
        token = html.escape(issued.stdout.splitlines()[0])
        how = f"{html.escape(URL)}/npm/ and {html.escape(URL)}/pypi/simple/"
        return self.show(200, f"<p>This is shown once. Copy it now:<pre>{token}</pre><p>The registries: {how}")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("SELF_SERVICE_PORT", "8420"))), Page)
    print(f"self-service listens on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
