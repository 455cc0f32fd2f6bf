"""demo_site: the end of `banyan demo`: an installation full of the sample, at work."""

from __future__ import annotations

import os
import secrets
import shlex
import socket
import sys
from pathlib import Path

import click

from banyan.doors.cli import serve
from banyan.doors.cli.show import Progress, called, console
from banyan.doors.cli.voice import CommandVoice
from banyan.pipeline.demonstration import EVENTS, Demonstration

PORTS = 20
KEYS = "demo-keys.txt"


def run_site(voice: CommandVoice, shown: Demonstration, *, port: int | None) -> None:
    """Load the sample unless it is there, say where everything is, and serve until stopped."""
    home = Path(os.environ.setdefault("BANYAN_HOME", str(shown.run.out.absolute() / "site")))
    port = port or _free_port()
    serve.prepare(serve.HOST, port)
    _loaded(voice, shown)
    _say_log_ins(voice, shown, home)
    serve.until_stopped(serve.HOST, port)


def _free_port() -> int:
    """The usual port, or the next one that nobody listens on."""
    for port in range(serve.PORT, serve.PORT + PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex((serve.HOST, port)):
                return port
    return serve.PORT


def _loaded(voice: CommandVoice, shown: Demonstration) -> None:
    from banyan.core.events import clock
    from banyan.growth.planning.journey import journey_programs
    from banyan.pipeline import sample

    say, file = voice.say, shown.run.out / EVENTS
    _heading(say("The site"))
    if sample.is_loaded(sample.first_id(file)):
        _text(say("The sample is there already."))
        return
    with Progress(say("Loading")) as progress:
        loaded = sample.load(
            file,
            journey_programs(),
            names=[shown.statement.household],
            now=clock.now(),
            progress=progress,
        )
    _text(
        say(
            "{events} events loaded, moved by {weeks} weeks so that the year ends now, and decided "
            "again by the live line: {decisions} decisions, {transfers} transfers.",
            events=voice.number(loaded.events),
            weeks=voice.number(loaded.weeks),
            decisions=voice.number(loaded.report.decisions),
            transfers=voice.number(loaded.report.transfers),
        )
    )
    found = voice.number(loaded.report.count)
    _text(say("banyan verify: {n} differences between ledger and log.", n=found))


def _say_log_ins(voice: CommandVoice, shown: Demonstration, home: Path) -> None:
    from datetime import timedelta

    from django.conf import settings

    from banyan.core.events import clock
    from banyan.trust.access.signin import link_token
    from banyan.trust.staff.rights import ROLES

    say, base, now = voice.say, settings.BASE_URL, clock.now()
    household = shown.statement.household
    token = link_token(household, now=now, good_for=timedelta(days=1))
    entry = say("portal, as {household} (once, within a day)", household=household)
    keys, password = _kept_keys(home), _staff_password(home)
    rows = [
        (say("console, as admin@example.com or by another role's name"), f"{base}/console/"),
        (say("roles"), ", ".join(ROLES)),
        (say("its password"), password),
        (say("programs, for everybody"), f"{base}/"),
        (entry, f"{base}/me/l/{token}"),
        (say("what a friend sees"), f"{base}/r/{_code_of(household)}"),
        (say("REST, with a page to try it"), f"{base}/v1/docs"),
        (say("keys of this demo"), str(keys)),
    ]
    for what, where in rows:
        # Not by the console, which would break the line: it is to be copied.
        click.echo(f"  {what}: {where}")
    _text(say("Stop it with Ctrl-C; start it again with the same command, or by:"))
    click.echo(f"  BANYAN_HOME={shlex.quote(str(home))} {called()} serve")
    sys.stdout.flush()


def _code_of(household: str) -> str:
    from banyan.core.programs.read import links_of

    return links_of(household)[0].code


def _kept_keys(home: Path) -> Path:
    """The file with a write key and a secret key for tests, made once; for this user's eyes."""
    from banyan.core.events import clock
    from banyan.trust.access.keys import make

    file = home / KEYS
    if not file.exists():
        now = clock.now()
        made = [
            make("cli:demo", role, is_test=True, name="demo", now=now)
            for role in ("write", "secret")
        ]
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as opened:
            opened.writelines(f"{key.role}: {secret}\n" for key, secret in made)
    return file


def _staff_password(home: Path) -> str:
    """The password of somebody of each role, `growth@example.com` and so on; kept with the keys."""
    from banyan.core.events import clock
    from banyan.trust.staff import acts
    from banyan.trust.staff.read import members
    from banyan.trust.staff.rights import ROLES

    file, label = home / KEYS, "console: "
    known = [line for line in file.read_text().splitlines() if line.startswith(label)]
    if known:
        return known[0].removeprefix(label)
    password = secrets.token_urlsafe(9)
    there = {one.email for one in members()}
    for role in ROLES:
        if f"{role}@example.com" not in there:
            acts.add(
                "cli:demo",
                f"{role}@example.com",
                roles=[role],
                password=password,
                now=clock.now(),
            )
    with file.open("a") as opened:
        opened.write(f"{label}{password}\n")
    return password


def _heading(text: str) -> None:
    console().print(f"\n{text}", style="bold")


def _text(text: str) -> None:
    console().print(text, soft_wrap=not sys.stdout.isatty())
