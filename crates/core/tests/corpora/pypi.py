"""Writes `a<TAB>b<TAB>-1|0|1` by packaging.version, and `a<TAB><TAB>!` where it does not take `a` as a version."""

import random
import sys

from packaging.version import InvalidVersion, Version

rng = random.Random(20261123)

NUMBERS = ["0", "1", "2", "3", "9", "10", "11", "00", "01", "007", "100", "2026", "20260101", "4294967296", "18446744073709551614"]
EPOCHS = [""] * 12 + ["0!", "1!", "2!", "00!", "2026!"]
SEPARATORS = ["", ".", "-", "_"]
PRE = ["a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "A", "RC", "Alpha"]
POST = ["post", "rev", "r", "POST"]
LOCAL = ["local", "1", "01", "2", "10", "abc", "ABC", "a1", "1a", "ubuntu", "cu118", "g1234567", "0", "00", "cpu", "4294967296", "18446744073709551614"]


def release():
    parts = [rng.choice(NUMBERS) for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6]))]
    return ".".join(parts + ["0"] * rng.choice([0, 0, 0, 1, 2]))


def number():
    return rng.choice(["", "0", "1", "2", "10", "01", "20260101"])


def pre():
    return rng.choice(SEPARATORS) + rng.choice(PRE) + rng.choice(["", "", ".", "-", "_"]) + rng.choice(["0", "1", "2", "10", "01"]) \
        if rng.random() < 0.8 else rng.choice(SEPARATORS) + rng.choice(PRE)


def post():
    if rng.random() < 0.25:
        return "-" + rng.choice(["0", "1", "2", "10", "01"])
    return rng.choice(SEPARATORS) + rng.choice(POST) + rng.choice(["", "", ".", "-", "_"]) + rng.choice(["1", "0", "2", "10"]) \
        if rng.random() < 0.8 else rng.choice(SEPARATORS) + rng.choice(POST)


def dev():
    return rng.choice(SEPARATORS) + rng.choice(["dev", "dev", "DEV"]) + number()


def local():
    return "+" + "".join(rng.choice(["", ".", "-", "_"][1:]) * (i > 0) + rng.choice(LOCAL) for i in range(rng.choice([1, 1, 2, 3, 4])))


def suffix():
    text = ""
    if rng.random() < 0.4:
        text += pre()
    if rng.random() < 0.25:
        text += post()
    if rng.random() < 0.25:
        text += dev()
    if rng.random() < 0.2:
        text += local()
    return text


def version():
    return rng.choice([""] * 14 + ["v", "V"]) + rng.choice(EPOCHS) + release() + suffix()


def neighbour(text):
    """Differs in one place only: that is where orders differ."""
    bare = text.split("+")[0]
    return rng.choice([
        lambda: bare,
        lambda: bare + local(),
        lambda: bare + ".dev1",
        lambda: bare + ".post1",
        lambda: bare + "-1",
        lambda: bare.replace(".0", "", 1),
        lambda: text.replace("a", "b", 1),
        lambda: text.replace("alpha", "a").replace("beta", "b").replace("preview", "rc").replace("rev", "post"),
        lambda: "0!" + text if "!" not in text and not text.lower().startswith("v") else text.split("!")[-1],
        lambda: text.upper(),
        lambda: text.replace(".", "_", 1),
        lambda: text[:-1] + "3" if text[-1].isdigit() else text + "1",
    ])()


INVALID = ["", "v", "1.", ".1", "1..0", "1.0.", "1.0-", "1.0+", "1.0+a+b", "1.0+a..b", "1.0+.a", "1.0+a.", "1.0+ä", "1.0 beta", "1. 0", "1.0.x", "1.x", "*", "1.*", "==1.0",
           ">=1.0", "~=1.0", "latest", "1!", "!1", "1!!0", "1!2!3", "-1!0", "-1", "1.0-alpha-beta", "1.0ab1", "1.0a1b1", "1.0rc1a1", "1.0.post1.post2", "1.0.dev1.dev2",
           "1.0.dev1.post1", "1.0.dev1a1", "1.0.post1a1", "1.0+a b", "1,0", "1.0_1", "1.0-1-1", "1.0--1", "1.0__a1", "1.0..dev1", "vv1.0", "v.1", "=1.0", "1.0;", "1.0/", "../1.0",
           "1.0a-", "1.0-post-", "1.0final", "1.0.final", "1.0-gamma", "1.0m1", "1.0-SNAPSHOT", "2004d-SNAPSHOT", "0x10", "1e3", "one", "1.0\u200b", "1\u00b2", "1.0+1!2"]
# packaging takes blanks around a version, and numbers of any size.
ODD = [" 1.0", "1.0 ", "18446744073709551615", "18446744073709551616", "99999999999999999999.0", "1.0a18446744073709551616", "1.0.post18446744073709551616",
       "1.0.dev18446744073709551616", "1.0+18446744073709551615", "1.0+18446744073709551616", "18446744073709551616!0", "1." + "0." * 200 + "0", "1.0+" + "a" * 300]

lines = {}


def add(a, b):
    parsed = []
    for text in (a, b):
        try:
            parsed.append(Version(text))
        except InvalidVersion:
            lines[f"{text}\t\t!"] = None
            return
    x, y = parsed
    lines[f"{a}\t{b}\t{(x > y) - (x < y)}"] = None


for text in INVALID + ODD:
    add(text, "1.0")
while len(lines) < 6000:
    a = version()
    add(a, version() if rng.random() < 0.3 else neighbour(a))
# PEP 440's own order of suffixes, each against each.
KNOWN = ["1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0",
         "1.0+abc.5", "1.0+abc.7", "1.0+5", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1"]
for a in KNOWN:
    for b in KNOWN:
        add(a, b)
# Numbers around 64 bits, in every place, each against each.
HUGE = ["5", "abc", "18446744073709551614", "18446744073709551615", "18446744073709551616", "99999999999999999999", "00018446744073709551616"]
for place in ["1.0+{}", "1.0+x.{}"]:
    for a in HUGE:
        for b in HUGE:
            add(place.format(a), place.format(b))
for place in ["{}!1", "1.{}", "1a{}", "1.post{}", "1.dev{}"]:
    for a in HUGE:
        if a == "abc":
            continue
        for rest in ["1", "1.dev5", "1a5", "1.post5", "1.post5.dev5", "1+5"]:
            add(place.format(a), rest)
        for b in HUGE:
            if b != "abc":
                add(place.format(a), place.format(b))
sys.stdout.write("\n".join(lines) + "\n")
