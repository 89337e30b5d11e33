"""Every page of the console, as its owner, a reader and a stranger see it. Exports are no pages, and forms that change something
are not sent."""

import datetime
import html
import re


def every(owner, reader, stranger):
    """Name, who asks, and the address. Ids and places in lists are taken from the pages that lead there."""
    home = owner.get("/console").headers["Location"].split("?")[0]
    yield from overview(owner, home)
    yield from tokens(owner, f"{home}/tokens")
    yield from installs(owner, f"{home}/installs", f"{home}/refusals")
    yield from releases(owner, stranger)
    yield from audit(owner, f"{home}/audit")
    yield from bots(owner, f"{home}/bots")
    yield from members(owner, f"{home}/members")
    yield "settings, 200 entries", owner, f"{home}/settings"
    yield from own(owner, "owner")
    yield from of_reader(reader, home)
    stranger.reconnect()
    for path in ("/sign-in", "/sign-in/first", "/assets/console.js"):
        yield f"{path}, stranger", stranger, path


def overview(owner, home):
    yield "overview", owner, home
    for more in owner.get(home).links(r"^\?after="):
        yield "overview, more silent tokens", owner, home + more.split("#")[0]


def tokens(owner, at):
    yield "tokens", owner, at
    for status in ("active", "revoked", "expired"):
        yield f"tokens, {status}", owner, f"{at}?status={status}"
    yield "tokens, prefix", owner, f"{at}?prefix=user5"
    yield "tokens, prefix, revoked", owner, f"{at}?prefix=user5&status=revoked"
    yield "tokens, prefix, none expired", owner, f"{at}?prefix=user99&status=expired"
    token = owner.get(f"{at}?prefix=user9900").links(rf"^{at}/TK")[0]
    id = token.rsplit("/", 1)[1]
    yield "tokens, late page", owner, f"{at}?after={id}"
    yield "tokens, late page, revoked", owner, f"{at}?status=revoked&after={id}"
    yield "tokens, page before a late one", owner, f"{at}?before={id}"
    yield "tokens, one", owner, token
    yield "tokens, revoking asks", owner, f"{token}/revoke"
    revoked = owner.get(f"{at}?status=revoked").links(rf"^{at}/TK")[0]
    yield "tokens, a revoked one", owner, revoked
    yield "tokens, what revoking did", owner, f"{revoked}/revoked"
    yield "tokens, issuing", owner, f"{at}/new"
    yield "tokens, importing", owner, f"{at}/import"


def installs(owner, at, refusals):
    half_a_year = datetime.date.today() - datetime.timedelta(days=182)
    popular = "ecosystem=npm&package=package-0"
    searches = {
        "": "",
        "npm": "ecosystem=npm",
        "PyPI, of which there are none": "ecosystem=pypi",
        "package, popular": popular,
        "package, seldom": "ecosystem=npm&package=package-4000",
        "package nobody took": "ecosystem=npm&package=nobody-has-it",
        "version": f"{popular}&version=1.7.0",
        "range": f"{popular}&range=%3E%3D1.10.0+%3C1.20.0",
        "range of no version": f"{popular}&range=%5E9.0.0",
        "person": "user_identifier_prefix=user0001%40example.com",
        "prefix of 10 persons": "user_identifier_prefix=user001",
        "prefix of all 2,000 persons": "user_identifier_prefix=user",
        "person and package": f"user_identifier_prefix=user0001%40example.com&{popular}",
        "prefix of all persons and package": f"user_identifier_prefix=user&{popular}",
        "repository": "repository=acme%2Frepository-7",
        "repository and package": f"repository=acme%2Frepository-7&{popular}",
        "answered": "outcome=answered",
        "refused": "outcome=refused",
        "refused of a package": f"outcome=refused&{popular}",
        "one day half a year ago": f"from={half_a_year}&to={half_a_year}",
        "person, half a year ago": f"user_identifier_prefix=user0001%40example.com&to={half_a_year}",
    }
    for name, search in searches.items():
        yield f"installs, {name}" if name else "installs", owner, f"{at}?{search}" if search else at
    bot = owner.get(at.replace("/installs", "/bots")).links(r"/bots/BT")[0].rsplit("/", 1)[1]
    yield "installs, bot", owner, f"{at}?bot_id={bot}"
    yield "installs, fifth page", owner, later(owner, at, 4)
    yield "installs, fifth page of a package", owner, later(owner, f"{at}?{popular}", 4)
    yield "installs, nothing is meant", owner, f"{at}?find=%40%40"
    yield "installs, to the page that is meant", owner, f"{at}?find=package-0%401.7.0"
    yield "refusals", owner, refusals
    yield "refusals of a package", owner, f"{refusals}?{popular}"
    yield "refusals of a person", owner, f"{refusals}?user_identifier_prefix=user0001%40example.com"
    yield "refusals, fifth page", owner, later(owner, refusals, 4)


def later(person, path, pages):
    """The address so many pages on, as far as there are some."""
    for _ in range(pages):
        following = re.search(r'rel="next" href="([^"]*)"', person.get(path).text())
        if not following:
            break
        path = html.unescape(following.group(1))
    return path


def releases(owner, stranger):
    yield "release, who took it", owner, "/why/npm/package-0/1.7.0"
    yield "release of the own list", owner, "/why/npm/package-7/6.6.6"
    yield "name, who took it", owner, "/why/npm/package-0"
    yield "release, stranger", stranger, "/why/npm/package-0/1.7.0"


def audit(owner, at):
    half_a_year = datetime.date.today() - datetime.timedelta(days=182)
    searches = {
        "": "",
        "somebody": "actor=user0001%40example.com",
        "somebody seldom": "actor=operator",
        "nobody": "actor=nobody%40example.com",
        "action": "action=token.issued",
        "action, seldom": "action=member.erased",
        "action, never": "action=org.removed",
        "somebody's action": "actor=user0001%40example.com&action=token.revoked",
        "one day half a year ago": f"from={half_a_year}&to={half_a_year}",
        "somebody on that day": f"actor=user0001%40example.com&from={half_a_year}&to={half_a_year}",
    }
    for name, search in searches.items():
        yield f"audit, {name}" if name else "audit", owner, f"{at}?{search}" if search else at
    yield "audit, fifth page", owner, later(owner, at, 4)
    yield "audit, until half a year ago", owner, f"{at}?to={half_a_year}"


def bots(owner, at):
    yield "bots", owner, at
    bot = owner.get(at).links(rf"^{at}/BT")[0]
    page = owner.get(bot)
    yield "bots, one", owner, bot
    questions = {
        "removing asks": r"/remove$",
        "revoking a key asks": r"/keys/revoke\?",
        "conditions": r"/trust\?provider=",
        "taking conditions away asks": r"/trust/remove\?",
    }
    for name, pattern in questions.items():
        for link in page.links(pattern)[:1]:
            yield f"bots, {name}", owner, link


def members(owner, at):
    yield "members, 50", owner, at
    page = owner.get(at)
    yield "members, another role", owner, page.links(r"/role\?")[-1]
    yield "members, removing asks", owner, page.links(r"/remove\?")[-1]


def own(person, who):
    yield f"/me, {who}", person, "/me"
    page = person.get("/me")
    for name, pattern in (("rotating", r"/rotate\?"), ("revoking", r"/revoke\?")):
        for link in page.links(pattern)[:1]:
            yield f"/me, {name} asks, {who}", person, link
    yield f"/me/installs, {who}", person, "/me/installs"
    for older in person.get("/me/installs").links(r"before=")[:1]:
        yield f"/me/installs, older, {who}", person, older


def of_reader(reader, home):
    reader.reconnect()
    yield "overview, reader", reader, home
    yield "installs, reader", reader, f"{home}/installs"
    yield "refusals, reader", reader, f"{home}/refusals"
    yield "what is not for him, reader", reader, f"{home}/tokens"
    yield from own(reader, "reader")
