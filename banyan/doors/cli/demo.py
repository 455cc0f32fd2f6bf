"""`banyan demo`: what Banyan does, shown on a real year of shopping."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from banyan.doors.cli import serve
from banyan.doors.cli.demo_site import run_site
from banyan.doors.cli.explain import explained
from banyan.doors.cli.show import Progress, amount, called, console, table
from banyan.doors.cli.voice import CommandVoice
from banyan.engine.language.explain import LANGUAGES, Language
from banyan.engine.language.program import Program
from banyan.growth.planning import eventlog, journey
from banyan.pipeline.demonstration import (
    EVENTS,
    MONEY,
    Cost,
    Demonstration,
    Earner,
    run_demonstration,
)

FOLDER = "banyan-demo"


@click.command()
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="The seed of the simulated invitations.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"The folder for everything made.  [default: demo in BANYAN_HOME, else {FOLDER}]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help=f"Where the site listens.  [default: {serve.PORT}, or the next one that is free]",
)
@click.option(
    "--serve/--no-serve", "is_served", default=True, help="Load the sample into a site and run it."
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON; nothing is served.")
def command(
    lang: Language,
    seed: int,
    out: Path | None,
    port: int | None,
    is_served: bool,
    as_json: bool,
) -> None:
    """Show two programs over a real year of shopping, then run a site full of it.

    The baskets are those of The Complete Journey (the extra `demo`); the invitations among its
    households are simulated. The folder holds the log, the programs, what `banyan replay` writes,
    and the site, unless BANYAN_HOME says where that lies. A second start goes on with what is
    there.
    """
    voice = CommandVoice(lang)
    with Progress(voice.say("Demonstration")) as progress:
        shown = run_demonstration(out=out or _folder(), seed=seed, progress=progress)
    why = explained(shown.run.out, shown.statement.told, lang)
    if as_json:
        click.echo(json.dumps(_figures(shown, why), ensure_ascii=False, indent=2, default=str))
        return
    _Story(voice, shown, why).tell()
    if is_served:
        run_site(voice, shown, port=port)


def _folder() -> Path:
    home = os.environ.get("BANYAN_HOME")
    return Path(home, "demo") if home else Path(FOLDER)


def _figures(shown: Demonstration, why: str) -> dict[str, Any]:
    summary = shown.run.figures
    return {
        "real": {"package": journey.PACKAGE, **_part(shown, simulated=False)},
        "simulated": {"library": eventlog.LIBRARY, **_part(shown, simulated=True)},
        "referred": shown.referred,
        "costs": [asdict(cost) for cost in shown.costs],
        "earners": [asdict(earner) for earner in shown.earners],
        "statement": asdict(shown.statement),
        "why": why,
        "events": summary["events"],
        "seconds": summary["seconds"],
        "preparing_seconds": round(shown.preparing_seconds, 3),
        "out": str(shown.run.out),
    }


def _part(shown: Demonstration, *, simulated: bool) -> dict[str, Any]:
    """What of the log's figures is made up, or what is not."""
    made_up = ("seed", "links", "clicks", "ties")
    return {k: v for k, v in asdict(shown.log).items() if (k in made_up) == simulated}


class _Story:
    """The demonstration as people read it: a heading, sentences and a table a question."""

    def __init__(self, voice: CommandVoice, shown: Demonstration, why: str) -> None:
        self.voice = voice
        self.shown = shown
        self.why = why

    def tell(self) -> None:
        """Print all of it."""
        self._data()
        self._programs()
        self._cost()
        self._earners()
        self._statement()
        self._why()
        self._time()
        self._further()

    def _data(self) -> None:
        say, number, log = self.voice.say, self.voice.number, self.shown.log
        _heading(say("The data"))
        _text(
            say(
                "Real: {baskets} baskets of {households} households at a grocer’s, {first} to "
                "{last}, {revenue} in all, and {coupons} coupons redeemed (The Complete Journey "
                "by 84.51°, package {package}). A household’s first basket also stands as its "
                "sign-up.",
                baskets=number(log.baskets),
                households=number(log.households),
                first=self.voice.day(log.first_day),
                last=self.voice.day(log.last_day),
                revenue=self._dollars(log.revenue_minor),
                coupons=number(log.coupons),
                package=journey.PACKAGE,
            )
        )
        _text(
            say(
                "Simulated (seed {seed}): {links} referral links, {clicks} clicks on them, and "
                "{ties} notes of which household had clicked, because the data does not tell who "
                "brought whom. Nobody here really invited anybody. Each such event names the "
                "library {library}.",
                seed=log.seed,
                links=number(log.links),
                clicks=number(log.clicks),
                ties=number(log.ties),
                library=eventlog.LIBRARY,
            )
        )

    def _programs(self) -> None:
        _heading(self.voice.say("The programs"))
        for entry in self.shown.run.figures["programs"]:
            title = Program.parse(entry["source"], entry["path"]).title
            assert title is not None  # the demonstration's own programs have one
            words = title.en if self.voice.language == "en" else title.zh_hans
            _text(f"{entry['program']}: {words}")

    def _cost(self) -> None:
        say = self.voice.say
        _heading(say("What was earned, and at what cost"))
        columns = ("granted", "taken_back", "expired", "net")
        _table(
            [
                say("program"),
                say("unit"),
                say("granted"),
                say("taken back"),
                say("expired"),
                say("net"),
                say("granted per dollar"),
                say("net per dollar"),
            ],
            [
                (
                    cost.program,
                    cost.unit,
                    *(self._amount(getattr(cost, name), cost.unit) for name in columns),
                    _ratio(self._major(cost.granted, cost.unit) * 100, cost.revenue_minor),
                    _ratio(self._major(cost.net, cost.unit) * 100, cost.revenue_minor),
                )
                for cost in self.shown.costs
            ],
        )
        _text(
            say(
                "Nothing is taken back, since the data knows no refunds; nobody spends, so that "
                "what has an end expires."
            )
        )
        for cost in self.shown.costs:
            if cost.unit == MONEY:
                self._referred(cost)

    def _referred(self, cost: Cost) -> None:
        say = self.voice.say
        _text(
            say(
                "The dollars are those of all revenue; for {program} only the {revenue} that the "
                "{n} referred households spent from their joining on.",
                program=cost.program,
                revenue=self._dollars(cost.revenue_minor),
                n=self.voice.number(self.shown.referred),
            )
        )
        _text(
            say(
                "A referred household cost {granted} granted, {net} net. All of them came in truth "
                "without being invited: this is what the program would have paid, not what it "
                "would have gained.",
                granted=self._dollars(_each(cost.granted, self.shown.referred)),
                net=self._dollars(_each(cost.net, self.shown.referred)),
            )
        )

    def _earners(self) -> None:
        say = self.voice.say
        _heading(say("By whom"))
        for unit in dict.fromkeys(earner.unit for earner in self.shown.earners):
            _table(
                [
                    say("household"),
                    say("decisions"),
                    say("granted"),
                    say("expired"),
                    say("held"),
                    say("households brought"),
                ],
                [self._earned(one) for one in self.shown.earners if one.unit == unit],
                title=say("most {unit}", unit=unit),
            )

    def _earned(self, one: Earner) -> tuple[str, ...]:
        return (
            one.household,
            self.voice.number(one.decisions),
            *(self._amount(value, one.unit) for value in (one.granted, one.expired, one.held)),
            self.voice.number(one.brought),
        )

    def _statement(self) -> None:
        say, number, one = self.voice.say, self.voice.number, self.shown.statement
        _heading(say("The year of {household}", household=one.household))
        came = (
            say("It came by itself.")
            if one.brought_by is None
            else say("It was brought by {advocate} (simulated).", advocate=one.brought_by)
        )
        did = say(
            "It filled {baskets} baskets for {spent} (real) and brought {brought} households "
            "(simulated), more than any other.",
            baskets=number(one.baskets),
            spent=self._dollars(one.spent_minor),
            brought=number(one.brought),
        )
        _text(self.voice.run(came, did))
        _table(
            [say("month"), say("unit"), say("granted"), say("expired"), say("held at its end")],
            [
                (
                    f"{line.month:%Y-%m}",
                    line.unit,
                    *(
                        self._amount(value, line.unit)
                        for value in (line.granted, line.expired, line.held)
                    ),
                )
                for line in one.months
            ],
        )

    def _why(self) -> None:
        _heading(self.voice.say("Why"))
        _text(self.why)

    def _time(self) -> None:
        say, figures = self.voice.say, self.shown.run.figures
        _heading(say("How long it took"))
        _text(
            say(
                "{events} events in {seconds} s: {rate} a second, from the log’s file to the "
                "written tables. Reading the baskets and simulating the invitations took "
                "{preparing} s before.",
                events=self.voice.number(figures["events"]),
                seconds=f"{figures['seconds']:.1f}",
                rate=self.voice.number(round(figures["events"] / figures["seconds"])),
                preparing=f"{self.shown.preparing_seconds:.1f}",
            )
        )

    def _further(self) -> None:
        out = self.shown.run.out
        language = ["--lang", self.voice.language] if self.voice.language != "en" else []
        _heading(self.voice.say("To go on"))
        for words in (
            ["explain", "--decision", self.shown.statement.told, *language, out],
            ["explain", *language, out / "referral.yaml"],
            ["replay", out / "referral.yaml", out / EVENTS, "--out", f"{out}-2"],
        ):
            # Not by the console, which would break the line: it is to be copied.
            click.echo(f"{called()} {shlex.join(map(str, words))}")

    def _amount(self, value: int, unit: str) -> str:
        return amount(value, unit, self.shown.run.digits)

    def _major(self, value: int, unit: str) -> Decimal:
        return Decimal(value).scaleb(-self.shown.run.digits.get(unit, 0))

    def _dollars(self, minor: int) -> str:
        return self.voice.money(Decimal(minor).scaleb(-2), currency="USD", digits=2)


def _each(minor: int, people: int) -> int:
    """Whole cents a head, half away from zero; nothing is negative here."""
    return (2 * minor + people) // (2 * people)


def _ratio(amount_major: Decimal, by: int) -> str:
    return f"{amount_major / by:.4f}"


def _heading(text: str) -> None:
    console().print(f"\n{text}", style="bold")


def _text(text: str) -> None:
    console().print(text, soft_wrap=not sys.stdout.isatty())


def _table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    console().print(table(columns, rows, title=title))
