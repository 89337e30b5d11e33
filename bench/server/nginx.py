"""Starts nginx: the caching proxy on the local documents, and the one before the real registries."""

import os
import shutil

from programs import HERE, SERVER_CORE, free_port, start, wait_for

# Debian's folder of trusted authorities, as a file.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def start_nginx(folder, origin_port, keep=False):
    """The caching proxy of the local documents."""
    port = free_port()
    return run("nginx", "nginx.conf", folder, port, SERVER_CORE, keep, PORT=port, ORIGIN=origin_port)


def start_before_registries(folder, real):
    """Before the real registries: a caching proxy, and a relay that proxies without our certificates can ask."""
    port, relay = free_port(), free_port()
    values = {
        "PORT": port,
        "RELAY": relay,
        "NPM": real.npm,
        "SIMPLE": real.simple,
        "FILES": real.files,
        "AUTHORITIES": AUTHORITIES,
    }
    return run("nginx", "registries.conf", folder, port, SERVER_CORE, False, **values), f"http://127.0.0.1:{relay}"


def run(name, template, folder, port, core, keep, **values):
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    conf = (HERE / template).read_text()
    # As root, nginx would give its worker to another user, who may not be let into the folder.
    values = {"USER": "user root;" if os.geteuid() == 0 else "", "DIR": folder, **values}
    for key, value in values.items():
        conf = conf.replace(f"@{key}@", str(value))
    (folder / "nginx.conf").write_text(conf)
    log = folder / "start.log"
    command = ["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"]
    return wait_for(start(name, command, log, port, core=core), log)
