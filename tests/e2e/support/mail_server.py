"""A mail server for the tests: writes each mail's recipient and readable text into a file, and prints its port.

usage: mail_server.py FOLDER [CERTIFICATE KEY USER PASSWORD]; with a certificate it takes mail only by STARTTLS and login.
Ends when its standard input does, so that it never outlives a test.
"""

import email
import email.policy
import itertools
import os
import socket
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Folder:
    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count(1)

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        path = os.path.join(self.folder, f"{next(self.numbers):06}")
        with open(path + ".part", "w", encoding="utf-8") as file:
            file.write(f"To: {envelope.rcpt_tos[0]}\nSubject: {mail['subject']}\n\n{text}")
        os.rename(path + ".part", path + ".txt")
        return "250 OK"


def options(arguments):
    if not arguments:
        return {}
    certificate, key, user, password = arguments
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    known = LoginPassword(user.encode(), password.encode())
    return {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": lambda server, session, envelope, mechanism, data: AuthResult(success=data == known),
    }


def free_port():
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


folder, *rest = sys.argv[1:]
controller = Controller(Folder(folder), hostname="127.0.0.1", port=free_port(), ready_timeout=30, **options(rest))
controller.start()
print(controller.port, flush=True)
sys.stdin.read()
