"""tables: what the pages show, each as one table that is drawn, read and taken along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from banyan.doors.console.analytics import shown, words
from banyan.doors.console.analytics.shown import Cell, Column, Table
from banyan.doors.console.queues.words import unit_name
from banyan.insight.exposure.read import Day, a_day
from banyan.insight.metrics import measures as of
from banyan.insight.metrics.advocates import Brought, Elapsed, Layer
from banyan.insight.metrics.cohorts import Cohort
from banyan.insight.metrics.economics import Given, Split, Stock
from banyan.insight.metrics.figures import Figure
from banyan.insight.metrics.funnel import Group, Step, share
from banyan.insight.metrics.known import Carrier, Nobodys
from banyan.insight.metrics.periods import Period
from banyan.insight.metrics.stages import Stage
from banyan.insight.metrics.sums import Sums


def funnel_table(
    steps: Sequence[Step], stages: Sequence[Stage], *, days: Mapping[str, float] | None = None
) -> Table:
    """The stages with their shares, the period before, and the days it took to reach each."""
    return Table(
        "funnel",
        _("Funnel"),
        (
            Column(_("Stage"), is_number=False),
            Column(_("This period")),
            Column(_("Period before")),
            Column(_("Of the stage before"), is_drawn=False),
            Column(_("The same before"), is_drawn=False),
            Column(_("Of the first stage"), is_drawn=False),
            Column(_("Loss rate"), is_drawn=False),
            *([] if days is None else [Column(_("Days to it, median"), is_drawn=False)]),
        ),
        [
            (
                shown.text(words.stage_title(stage)),
                shown.count(one.n),
                shown.count(one.before),
                shown.share(one.from_previous),
                shown.share(one.from_previous_before),
                shown.share(one.from_first),
                shown.share(one.lost),
                *([] if days is None else [shown.figure("days", days.get(one.stage))]),
            )
            for one, stage in zip(steps, stages, strict=True)
        ],
        chart="across",
        note=_("A stage counts those who reached it in these days, whenever they began."),
        empty=_("Nobody was invited in these days."),
    )


def activity_table(now: Sums, period: Period) -> Table:
    """Day by day, or week by week, what happened."""
    return Table(
        "activity",
        _("Over time"),
        (
            Column(_("From"), is_number=False),
            Column(str(words.STAGES["initiated"])),
            Column(str(words.STAGES["accepted"])),
            Column(str(words.STAGES["purchased"])),
        ),
        [
            (
                shown.text(name),
                *(shown.count(one.n(m)) for m in (of.INITIATED, of.ACCEPTED, of.PURCHASED)),
            )
            for name, one in now.by_piece(period)
        ],
        chart="line",
    )


def cost_table(now: Sums, period: Period) -> Table:
    """What rewards cost over time, beside the revenue of friends."""
    money = now.scope.currency
    return Table(
        "cost",
        _("Rewards over time"),
        (
            Column(_("From"), is_number=False),
            Column(_("Granted")),
            Column(_("Taken back")),
            Column(_("Revenue of friends"), is_drawn=False),
        ),
        [
            (
                shown.text(name),
                shown.money(one.money(of.GRANTED), money),
                shown.money(one.money(of.TAKEN, of.TAKEN_PENDING), money),
                shown.money(one.revenue(of.ORDERS), money),
            )
            for name, one in now.by_piece(period)
        ],
        chart="bar",
    )


def figures_table(figures: Sequence[Figure]) -> Table:
    """Figures with their definition, as a file for those who reckon on."""
    return Table(
        "figures",
        _("Figures"),
        tuple(
            Column(title, is_number=False)
            for title in (
                _("Figure"),
                _("Formula"),
                _("This period"),
                _("Period before"),
                _("Target"),
                _("Owner"),
            )
        ),
        [
            (
                shown.text(str(words.FIGURES[one.meant.key].name)),
                shown.text(str(words.FIGURES[one.meant.key].formula)),
                shown.figure(one.meant.kind, one.value),
                shown.figure(one.meant.kind, one.before),
                shown.figure(one.meant.kind, one.line.target),
                shown.text(str(words.ROLES.get(one.line.owner, one.line.owner))),
            )
            for one in figures
        ],
    )


def told_pairs(stages: Sequence[Stage]) -> list[tuple[str, int, int]]:
    """Shares that are told beside a funnel in a row, where both stages are in it: what the share is
    called, the place of the stage and of the one it is a share of."""
    keys = [one.key for one in stages]
    return [
        (title, keys.index(stage), keys.index(above))
        for title, stage, above in (
            (_("Accepted of initiated"), of.ACCEPTED, of.INITIATED),
            (_("Bought of accepted"), of.PURCHASED, of.ACCEPTED),
        )
        if stage in keys and above in keys
    ]


def months_table(months: Sequence[tuple[str, Sums]], stages: Sequence[Stage]) -> Table:
    """How many reached each stage in each month."""
    return Table(
        "funnel-by-month",
        _("Month by month"),
        (
            Column(_("Month"), is_number=False),
            *(Column(words.stage_title(one)) for one in stages),
        ),
        [
            (shown.text(name), *(shown.count(found.n(one.key)) for one in stages))
            for name, found in months
        ],
        chart="line",
        note=_("The last twelve months; that of the last day shown is counted up to that day."),
    )


def groups_table(groups: Sequence[Group], by: str, currency: str, stages: Sequence[Stage]) -> Table:
    """A funnel a row; where no row has a name, nothing."""
    nameless = ("", "0") if by == "version" else ("",)
    if all(one.name in nameless for one in groups):
        groups = []
    pairs = told_pairs(stages)
    return Table(
        f"funnel-by-{by}",
        str(words.BY[by]),
        (
            Column(_("Name"), is_number=False),
            *(Column(words.stage_title(one)) for one in stages),
            *(Column(title, is_drawn=False) for title, _stage, _above in pairs),
            Column(_("Revenue"), is_drawn=False),
        ),
        [
            (
                shown.text(_("(none)") if one.name in nameless else one.name),
                *(shown.count(step.n) for step in one.steps),
                *(
                    shown.share(share(one.steps[stage].n, one.steps[above].n))
                    for _title, stage, above in pairs
                ),
                shown.money(one.revenue, currency),
            )
            for one in groups
        ],
        chart="bar",
        empty=_("Nothing in these days carries one."),
    )


def cohorts_table(cohorts: Sequence[Cohort], title: str, key: str) -> Table:
    """A month a row, a later month a column: the share that did it by then."""
    months = max((len(one.reached) for one in cohorts), default=0)
    return Table(
        key,
        title,
        (
            Column(_("Joined in"), is_number=False),
            Column(_("Friends")),
            *(Column(_("Month %(n)d") % {"n": number}) for number in range(months)),
        ),
        [
            (
                shown.text(one.month.strftime("%Y-%m")),
                shown.count(one.size),
                *(shown.share(None if done is None else done / one.size) for done in one.reached),
            )
            for one in cohorts
        ],
        note=_("Month 0 is the month of joining; the share counts everybody who did it by then."),
        empty=_("No friend has joined yet."),
    )


def heads_table(found: Brought, currency: str, url: str) -> Table:
    """The advocates who brought most; `url` is a page of a customer with `*` for the id."""
    return Table(
        "heads",
        _("Head contributors"),
        (
            Column(_("Advocate"), is_number=False),
            Column(_("Friends")),
            Column(_("Bought")),
            Column(_("Revenue")),
            Column(_("Cost of rewards")),
        ),
        [
            (
                Cell(one.advocate, url=url.replace("*", one.advocate) if url else ""),
                shown.count(one.joined),
                shown.count(one.purchased),
                shown.money(one.revenue, currency),
                shown.money(one.cost, currency),
            )
            for one in found.heads
        ],
        empty=_("Nobody brought a friend in these days."),
    )


def carriers_table(carriers: Sequence[Carrier]) -> Table:
    """Friends by what they were recognised."""
    whole = sum(one.friends for one in carriers)
    return Table(
        "carriers",
        _("How friends were recognised"),
        (
            Column(_("By"), is_number=False),
            Column(_("Friends")),
            Column(_("Share of friends"), is_drawn=False),
            Column(_("Bought")),
        ),
        [
            (
                shown.text(str(words.CARRIERS.get(one.kind, one.kind))),
                shown.count(one.friends),
                shown.share(one.friends / whole),
                shown.count(one.purchased),
            )
            for one in carriers
        ],
        note=_("Offer links, codes and contacts together: each finds those whom the others lose."),
        empty=_("Nobody joined in these days."),
    )


def nobodys_table(people: Sequence[Nobodys], url: str) -> Table:
    """People who came by a referral of which nobody knows whose."""
    return Table(
        "unknown-advocate",
        _("Came by a referral, advocate unknown"),
        (
            Column(_("Customer"), is_number=False),
            Column(_("First seen"), is_number=False),
            Column(_("Why"), is_number=False),
        ),
        [
            (
                Cell(one.user_id, url=url.replace("*", one.user_id) if url else ""),
                shown.text(one.first_on.isoformat()),
                shown.text(str(words.UNKNOWN[one.why])),
            )
            for one in people
        ],
        note=_("Ask them who it was and enter the referral by hand; then they count."),
        empty=_("Of everybody who came by a referral the advocate is known."),
    )


def layers_table(layers: Sequence[Layer], currency: str) -> Table:
    """Friends, revenue and cost by depth."""
    return Table(
        "layers",
        _("Depth of chains"),
        (
            Column(_("Layer"), is_number=False),
            Column(_("Friends")),
            Column(_("Bought")),
            Column(_("Revenue"), is_drawn=False),
            Column(_("Revenue per friend"), is_drawn=False),
            Column(_("Cost of rewards"), is_drawn=False),
        ),
        [
            (
                shown.text(str(one.depth)),
                shown.count(one.friends),
                shown.count(one.purchased),
                shown.money(one.revenue, currency),
                shown.money(one.revenue / one.friends, currency),
                shown.money(one.cost, currency),
            )
            for one in layers
        ],
        chart="bar",
        note=_("Layer 1 was brought by somebody whom nobody brought. Money is as of now."),
        empty=_("Nobody brought a friend in these days."),
    )


def elapsed_table(spans: Sequence[Elapsed], currency: str) -> Table:
    """When friends bought first, counted from being reached."""
    return Table(
        "elapsed",
        _("Value by days from being reached"),
        (
            Column(_("Days"), is_number=False),
            Column(_("Friends who bought")),
            Column(_("Revenue"), is_drawn=False),
            Column(_("Revenue per friend"), is_drawn=False),
        ),
        [
            (
                shown.text(_span(one)),
                shown.count(one.friends),
                shown.money(one.revenue, currency),
                shown.money(one.revenue / one.friends if one.friends else None, currency),
            )
            for one in spans
        ],
        chart="bar",
        note=_("Hold the window of attribution against this: 30 to 45 days serve most programs."),
    )


def given_table(given: Sequence[Given]) -> Table:
    """Every reward and what became of it in the period."""
    return Table(
        "rewards",
        _("Rewards of the period"),
        (
            Column(_("Reward"), is_number=False),
            Column(_("Unit"), is_number=False),
            Column(_("Kind"), is_number=False),
            Column(_("Number of times")),
            Column(_("Granted")),
            Column(_("Became available")),
            Column(_("Taken back")),
            Column(_("Expired")),
            Column(_("Held")),
            Column(_("Rejected")),
        ),
        [
            (
                shown.text(f"{one.program} · {one.reward}"),
                shown.text(unit_name(one.unit)),
                shown.text(str(words.KINDS[one.kind])),
                shown.count(one.times),
                *(
                    shown.unit_amount(amount, one.unit)
                    for amount in (one.granted, one.available, one.taken, one.expired)
                ),
                shown.count(one.held),
                shown.count(one.rejected),
            )
            for one in given
        ],
        empty=_("No reward moved in these days."),
    )


def split_table(splits: Sequence[Split], currency: str) -> Table:
    """Planned and actual shares of kinds of rewards."""
    return Table(
        "split",
        _("Split of rewards"),
        (
            Column(_("Kind"), is_number=False),
            Column(_("Planned share")),
            Column(_("Actual share")),
            Column(_("Cost"), is_drawn=False),
            Column(_("Number of times"), is_drawn=False),
        ),
        [
            (
                shown.text(str(words.KINDS[one.kind])),
                shown.share(one.planned),
                shown.share(one.actual),
                shown.money(one.cost, currency),
                shown.count(one.times),
            )
            for one in splits
        ],
        chart="across",
        note=_("What is not money is told by how often it was given, of all rewards."),
    )


def stock_table(stocks: Sequence[Stock]) -> Table:
    """What wallets hold by unit, and what became of all that was ever granted."""
    return Table(
        "stock",
        _("What is owed"),
        (
            Column(_("Unit"), is_number=False),
            Column(_("Granted in all")),
            Column(_("Pending")),
            Column(_("Can be spent")),
            Column(_("Spent")),
            Column(_("Taken back")),
            Column(_("Expired")),
        ),
        [
            (
                shown.text(unit_name(one.unit)),
                *(
                    shown.unit_amount(amount, one.unit)
                    for amount in (
                        one.granted,
                        one.pending,
                        one.available,
                        one.spent,
                        one.taken,
                        one.expired,
                    )
                ),
            )
            for one in stocks
        ],
        note=_("From the beginning until now. Pending and available is owed to customers."),
        empty=_("Nothing was granted yet."),
    )


def exposure_table(days: Sequence[Day], target: float | None, *, most: int = 0) -> Table:
    """How often the pages were seen, a day a row; the newest `most` days, 0 for all."""
    return Table(
        "exposure",
        _("Exposure by day"),
        (
            Column(_("Day"), is_number=False),
            Column(_("Visitors")),
            Column(_("Visitors, program page")),
            Column(_("Visitors, landing page")),
            Column(_("Target")),
            Column(_("Views, program page"), is_drawn=False),
            Column(_("Views, landing page"), is_drawn=False),
        ),
        [
            (
                shown.text(one.day.isoformat()),
                *(shown.count(page.visitors) for page in (one.either, one.program, one.landing)),
                shown.figure("count", target),
                *(shown.count(page.views) for page in (one.program, one.landing)),
            )
            for one in days[-most:]
        ],
        chart="line",
        note=_(
            "A visitor counts once a day, by a hash of network address and browser that nobody can "
            "undo once the day is over. Robots, pages fetched ahead and the staff are left out."
        ),
        empty=_(
            "Nobody has seen a page of the program in these days. Share its address, or put it "
            "behind a button of your site or app: every look is counted here within seconds."
        ),
    )


def exposed_programs_table(found: Mapping[str, Sequence[Day]], titles: Mapping[str, str]) -> Table:
    """The same of each program, over all days."""
    return Table(
        "exposure-by-program",
        _("Exposure by program"),
        (
            Column(_("Program"), is_number=False),
            Column(_("Visitors a day")),
            Column(_("Best day"), is_drawn=False),
            Column(_("Views, program page"), is_drawn=False),
            Column(_("Views, landing page"), is_drawn=False),
        ),
        [
            (
                shown.text(titles.get(slug, slug)),
                shown.figure("count", a_day(days)),
                shown.count(max(one.either.visitors for one in days)),
                shown.count(sum(one.program.views for one in days)),
                shown.count(sum(one.landing.views for one in days)),
            )
            for slug, days in found.items()
            if days
        ],
        chart="across",
        empty=_("No program was seen in these days."),
    )


def _span(one: Elapsed) -> str:
    if one.last_day is None:
        return _("%(days)d and more") % {"days": one.first_day}
    return f"{one.first_day}–{one.last_day}" if one.last_day > one.first_day else str(one.first_day)
