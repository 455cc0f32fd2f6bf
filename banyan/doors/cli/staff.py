"""`banyan staff`: the people who work in the console."""

from __future__ import annotations

import getpass
import sys

import click

from banyan.doors.cli.live import start
from banyan.doors.cli.show import console, table
from banyan.trust.staff.rights import ROLES

_ROLES = list(ROLES)


@click.group(name="staff")
def command() -> None:
    """Add, list and shut out the people who work in the console, at /console/.

    The first one is added here; everybody else can be invited there. Who lost their password or
    their second step, and all admins with them, gets a link by `reset`.
    """


@command.command()
@click.argument("email")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(_ROLES),
    default=["admin"],
    show_default=True,
    help="What they do here; may be given several times.",
)
@click.option("--name", default="", help="How they are called.")
def add(email: str, roles: tuple[str, ...], name: str) -> None:
    """Add somebody. Asks for their password, or reads it from standard input."""
    start()
    from banyan.core.events import clock
    from banyan.trust.staff import acts

    password = _password()
    member = acts.add(_actor(), email, roles=roles, password=password, name=name, now=clock.now())
    click.echo(f"{member.email} may sign in at /console/ as {', '.join(member.roles)}.")


@command.command()
@click.argument("email")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice(_ROLES),
    help="What they will do here; may be given several times.",
)
@click.option("--name", default="", help="How they are called.")
def invite(email: str, roles: tuple[str, ...], name: str) -> None:
    """Print a link by which somebody new chooses their password, once, within seven days."""
    start()
    from banyan.core.events import clock
    from banyan.trust.staff import invitations

    made = invitations.invite(_actor(), email, roles=roles, name=name, now=clock.now())
    click.echo(made.url)


@command.command()
@click.argument("email")
@click.option("--second-step", is_flag=True, help="Take away their second step as well.")
def reset(email: str, second_step: bool) -> None:
    """Print a link by which somebody chooses a new password, once, within 24 hours."""
    start()
    from banyan.core.events import clock
    from banyan.trust.staff import acts, factor, invitations
    from banyan.trust.staff.read import by_email

    found = by_email(email.strip().lower())
    if found is None:
        raise acts.BadMember(f"email: nobody here has the address {email}")
    if second_step:
        factor.remove(_actor(), found.id, now=clock.now())
    click.echo(invitations.reset(_actor(), found.id, now=clock.now()).url)


@command.command(name="list")
def list_() -> None:
    """List who works here and as what."""
    start()
    from banyan.trust.staff.read import members

    rows = [
        [one.email, one.name, ", ".join(one.roles), "yes" if one.is_active else "no"]
        for one in members()
    ]
    if rows:
        console().print(table(["email", "name", "roles", "may sign in"], rows))
    else:
        click.echo("Nobody works here yet; add somebody: banyan staff add you@example.com")


@command.command(name="shut-out")
@click.argument("email")
def shut_out(email: str) -> None:
    """Let somebody sign in no more; what they did keeps their name."""
    start()
    from banyan.core.events import clock
    from banyan.trust.staff import acts
    from banyan.trust.staff.read import members

    found = [one for one in members() if one.email == email.strip().lower()]
    if not found:
        raise acts.BadMember(f"email: nobody here has the address {email}")
    acts.set_active(_actor(), found[0].id, is_active=False, now=clock.now())
    click.echo(f"{found[0].email} is shut out.")


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\n")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
