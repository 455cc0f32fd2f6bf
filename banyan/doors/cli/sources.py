"""`banyan sources`: shops and payment providers that post signed messages to this installation."""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING

import click

from banyan.doors.cli.live import start
from banyan.doors.cli.show import console, table

if TYPE_CHECKING:
    from banyan.trust.sources.read import Source

SECRET_VARIABLE = "BANYAN_SOURCE_SECRET"


@click.group(name="sources")
def command() -> None:
    """Make, list and revoke the shops and payment providers that tell of orders.

    Stripe, Shopify and WooCommerce post signed messages to the address that is printed; their
    orders, refunds and customers become events of the log.
    """


def _secret_option(wrapped: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--secret",
        envvar=SECRET_VARIABLE,
        show_envvar=True,
        help="What messages are signed with, - for standard input; better not on the command "
        "line, which others may see. WooCommerce: made when there is none.",
    )(wrapped)


@command.command()
@click.argument("kind", type=click.Choice(["stripe", "shopify", "woocommerce"]))
@_secret_option
@click.option("--name", default="", help="What the shop is called; stands in its orders' events.")
@click.option("--currency", default="", help="The currency of messages that name none, as USD.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="user_prefix=TEXT; Shopify: test_orders=yes; Stripe: orders=checkout,invoices (or "
    "renewals, payments), client_reference_id=code|user|ignore.",
)
def create(
    kind: str, secret: str | None, name: str, currency: str, options: tuple[str, ...]
) -> None:
    """Make a source and print the address that its messages go to."""
    given = {}
    for entry in options:
        left, sign, right = entry.partition("=")
        if not (left and sign):
            raise click.UsageError(f"--option {entry!r} is not NAME=VALUE.")
        given[left] = right
    wanted = _secret(secret, kind)
    start()
    from django.conf import settings

    from banyan.core.events import clock
    from banyan.trust.sources.acts import create as create_source

    made, kept = create_source(
        _actor(),
        kind,
        secret=wanted,
        name=name,
        currency=currency.upper(),
        options=given,
        now=clock.now(),
    )
    click.echo(f"{settings.BASE_URL}{made.path}")
    if not wanted:
        click.echo(f"Secret: {kept}")
        click.echo("Put it into the shop's webhook; it is not shown again.", err=True)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="The list as JSON.")
def list_(as_json: bool) -> None:
    """List the sources, without their secrets."""
    start()
    from banyan.trust.sources.read import sources

    rows = [_row(source) for source in sources()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif rows:
        console().print(table(list(rows[0]), [[*map(str, row.values())] for row in rows]))
    else:
        click.echo("There are no sources yet; make one: banyan sources create stripe")


@command.command()
@click.argument("source_id", metavar="ID")
@_secret_option
def rotate(source_id: str, secret: str | None) -> None:
    """Give a source another secret; what it told of its orders stays known.

    A new source instead would take orders that are told again for new ones.
    """
    start()
    from banyan.core.events import clock
    from banyan.trust.sources.acts import change_secret
    from banyan.trust.sources.read import source

    known = source(source_id)
    wanted = _secret(secret, known.kind if known else "stripe")
    _, kept = change_secret(_actor(), source_id, secret=wanted, now=clock.now())
    click.echo(f"Secret: {kept}" if not wanted else f"Source {source_id} has a new secret.")


@command.command()
@click.argument("source_id", metavar="ID")
def revoke(source_id: str) -> None:
    """Refuse a source's messages from now on; what it told stays."""
    start()
    from banyan.core.events import clock
    from banyan.trust.sources.acts import revoke as revoke_source

    revoked = revoke_source(_actor(), source_id, now=clock.now())
    click.echo(f"Source {revoked.id} ({revoked.kind} {revoked.name}) is revoked.")


def _secret(given: str | None, kind: str) -> str:
    """The secret as given; empty where one is to be made."""
    if given == "-":
        return sys.stdin.readline().strip()
    if given is None and kind != "woocommerce":
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"A {kind} source needs the secret its messages are signed with: "
                f"{SECRET_VARIABLE}=…, or --secret - and the secret on standard input."
            )
        return str(click.prompt("Signing secret", hide_input=True))
    return given or ""


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _row(source: Source) -> dict[str, str]:
    return {
        "id": source.id,
        "kind": source.kind,
        "name": source.name,
        "currency": source.currency,
        "options": " ".join(f"{name}={value}" for name, value in source.given.items()),
        "path": source.path,
        "created": f"{source.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "revoked": f"{source.revoked_at:%Y-%m-%dT%H:%M:%SZ}" if source.revoked_at else "",
    }
