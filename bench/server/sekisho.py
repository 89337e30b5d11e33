"""Starts Sekisho as it is measured: a personal token, the limiter counting, metrics on, advisories in force."""

import http.client
import json
import re
import subprocess
import time

from programs import NotMeasured, environment, free_port, fresh, start, wait_for

# Not reached, but each request is counted against it.
LIMIT = 1_000_000_000


class Sekisho:
    """A binary, a data folder, an upstream and advisories; may be started again and again."""

    def __init__(self, binary, folder, npm, simple, advisories, **more):
        self.binary, self.folder, self.token = binary, fresh(folder), ""
        self.settings = {
            "data_dir": folder / "data",
            "upstream.npm.url": npm,
            "upstream.pypi.url": simple,
            "feed.sources": json.dumps([str(advisories)]),
            "limits.personal_per_minute": LIMIT,
            "limits.anonymous_per_minute": LIMIT,
            "log": "warn",
            **more,
        }

    def launch(self):
        """Starts it and does not wait."""
        port = free_port()
        settings = {**self.settings, "listen": f"127.0.0.1:{port}", "admin_listen": f"127.0.0.1:{free_port()}"}
        command = [self.binary, "serve", *(p for key, value in settings.items() for p in ("--set", f"{key}={value}"))]
        return start("Sekisho", command, self.folder / "server.log", port, token=self.token)

    def start(self):
        """Starts it, waits until it listens, and has a token."""
        server = wait_for(self.launch(), self.folder / "server.log")
        if not self.token:
            self.token = server.token = self.personal_token(server)
        return server

    def personal_token(self, server):
        """Registers an address, and reads the key out of the mail as a person would."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        body = json.dumps({"email": "bench@example.com"})
        connection.request("POST", "/api/v1/tokens", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 202:
            raise NotMeasured(f"registering was answered with {answer.status}: {answer.read().decode()}")
        show = [str(self.binary), "--data", str(self.folder / "data"), "mailbox", "show"]
        until = time.monotonic() + 20
        while time.monotonic() < until:
            said = subprocess.run(show, capture_output=True, text=True, cwd=self.folder, env=environment())
            found = re.search(r"tg_anon_[0-9A-Za-z]{36}", said.stdout)
            if found:
                return found.group()
            time.sleep(0.1)
        raise NotMeasured(f"no key came by mail: {said.stderr}")


def knows(binary, key):
    """Whether this version has a setting."""
    said = subprocess.run([str(binary), "config", "keys"], capture_output=True, text=True, env=environment())
    return key in said.stdout
