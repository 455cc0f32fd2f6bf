"""`banyan keys`: keys of the programs that call this installation."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING

import click

from banyan.doors.cli.live import start
from banyan.doors.cli.show import console, table

if TYPE_CHECKING:
    from banyan.trust.access.keys import Key


@click.group(name="keys")
def command() -> None:
    """Make, list and revoke the keys of programs that call.

    A write key sends events. A secret key may do everything, so it belongs on servers alone. A
    publishable key may stand in a web page: it sends what a browser may, and reads public rules.
    A portal key calls nothing: with it the host site signs the tokens by which its customers enter.
    """


@command.command()
@click.argument("role", type=click.Choice(["write", "secret", "publishable", "portal"]))
@click.option("--test", "is_test", is_flag=True, help="A key for tests: it may move the clock.")
@click.option("--name", default="", help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="Restrict a secret key to this, such as decisions:read; may be given several times.",
)
@click.option(
    "--per-minute",
    type=click.IntRange(1, 2**31 - 1),
    help="How often it may call the REST door in a minute.",
)
def create(
    role: str, is_test: bool, name: str, scopes: tuple[str, ...], per_minute: int | None
) -> None:
    """Make a key and print it, this once."""
    start()
    from banyan.core.events import clock
    from banyan.trust.access.keys import REQUESTS_PER_MINUTE, make

    key, secret = make(
        _actor(),
        role,
        is_test=is_test,
        now=clock.now(),
        name=name,
        scopes=scopes,
        requests_per_minute=per_minute or REQUESTS_PER_MINUTE,
    )
    click.echo(secret)
    if role == "portal":
        click.echo(f"Name it in the header of your tokens: kid={key.id}.", err=True)
    click.echo("Keep it well: it is not shown again.", err=True)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="The list as JSON.")
def list_(as_json: bool) -> None:
    """List the keys, without their secrets."""
    start()
    from banyan.trust.access.keys import every

    rows = [_row(key) for key in every()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        console().print(table(list(rows[0]), [[*map(str, row.values())] for row in rows]))
    else:
        click.echo("There are no keys yet; make one: banyan keys create secret")


@command.command()
@click.argument("key_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def revoke(key_id: int) -> None:
    """Let a key work no more, in running processes within ten seconds."""
    start()
    from banyan.core.events import clock
    from banyan.trust.access.keys import revoke as revoke_key

    key = revoke_key(_actor(), key_id, now=clock.now())
    click.echo(f"Key {key.id} ({key.hint}) is revoked.")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _row(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "key": key.hint,
        "role": key.role,
        "for": "test" if key.is_test else "live",
        "name": key.name,
        "scopes": " ".join(sorted(key.scopes)) if key.role == "restricted" else "",
        "per_minute": key.requests_per_minute,
        "created": f"{key.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "revoked": f"{key.revoked_at:%Y-%m-%dT%H:%M:%SZ}" if key.revoked_at else "",
    }
