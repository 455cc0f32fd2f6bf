"""kinds: every kind of record that is kept, as a list: its fields, what it is searched by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.expressions import Expression
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from banyan.core.events import models as events
from banyan.core.ledger import models as ledger
from banyan.core.people import models as people
from banyan.core.programs import models as programs
from banyan.core.referrals import models as referrals
from banyan.doors.console.records import deciding
from banyan.doors.console.records.columns import CONTACT, NAME, Column, column
from banyan.growth.amends import models as amends
from banyan.growth.feedback import models as feedback
from banyan.growth.journeys import models as journeys
from banyan.growth.journeys.acts import retry
from banyan.growth.leads import models as leads
from banyan.growth.payouts import models as payouts
from banyan.growth.planning import models as planning
from banyan.growth.tasks import models as tasks
from banyan.growth.toolkit import models as toolkit
from banyan.insight.experiments import models as experiments
from banyan.insight.segments import models as segments
from banyan.pipeline import models as pipeline
from banyan.pipeline.approving import models as approving
from banyan.pipeline.comparing import models as comparing
from banyan.pipeline.outbox import models as outbox
from banyan.pipeline.outbox.acts import replay
from banyan.pipeline.schedule import models as schedule
from banyan.trust.access import models as access
from banyan.trust.audit import models as audit
from banyan.trust.audit.acts import record
from banyan.trust.privacy import models as privacy
from banyan.trust.sources import models as sources
from banyan.trust.staff import models as staff

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Action:
    """Something that can be done with many records at once, one after the other."""

    name: str
    title: str | Promise
    asks: str | Promise
    """The question before it is done,"""
    warns: str | Promise
    """and what will happen."""
    right: str
    do: Callable[[str, str, datetime], None]
    """Takes who does it, a record's key and the time. Raises Problem."""


Computed = Callable[[datetime], Mapping[str, Expression]]
"""Takes the time."""


@dataclass(frozen=True)
class Way:
    """A filter by what is no plain value of a field: its choices, and which rows fit one."""

    choices: tuple[str, ...]
    fits: Callable[[str, datetime], models.Q]
    """Takes the choice and the time."""


@dataclass(frozen=True)
class Kind:
    """One list. What it is sorted, searched or filtered by has an index, or the table is small;
    `searched_back` says that another filter looks through so many positions at a time."""

    slug: str
    group: str
    title: str | Promise
    right: str
    model: type[models.Model]
    columns: tuple[Column, ...]
    more: tuple[Column, ...]
    """Shown of one record alone."""
    search: tuple[str, ...]
    filters: tuple[str, ...]
    sorts: tuple[str, ...]
    """The first one is how it is sorted unless asked otherwise, the last first."""
    key: tuple[str, ...]
    scanned: frozenset[str]
    """Filters without an index over a large table."""
    actions: tuple[Action, ...]
    links: Mapping[str, str]
    """Pages about what a column names: addresses by column, which take its value."""
    computed: Computed | None
    """Columns that the database works out, by name."""
    ways: Mapping[str, Way]
    """Filters that are more than a field's value."""
    page: tuple[Column, ...]
    """The columns of a page, in its order; `columns` and `more` are the order of a file."""

    @property
    def shown(self) -> tuple[Column, ...]:
        """All columns, those of one record alone too."""
        return (*self.columns, *self.more)


def kind(
    slug: str,
    group: str,
    title: str | Promise,
    right: str,
    model: type[models.Model],
    fields: str,
    *,
    more: str = "",
    search: str = "",
    filters: str = "",
    sorts: str = "",
    key: str = "",
    scanned: str = "",
    actions: tuple[Action, ...] = (),
    own: tuple[Column, ...] = (),
    page: str = "",
    computed: Computed | None = None,
    ways: Mapping[str, Way] | None = None,
) -> Kind:
    """A list of a table; fields are named, separated by spaces. `own`: columns that are more than
    a field, named among the fields; `page`: those of the page, where that has an order of its own.
    """
    known = {one.name: one for one in own}

    def named(names: str) -> tuple[Column, ...]:
        return tuple(known.get(name) or column(model, name) for name in names.split())

    primary = tuple(key.split()) or (model._meta.pk.attname,)
    return Kind(
        slug,
        group,
        title,
        right,
        model,
        named(fields),
        named(more),
        tuple(search.split()),
        tuple(filters.split()),
        tuple(sorts.split()) or primary[:1],
        primary,
        frozenset(scanned.split()),
        actions,
        _links(model),
        computed,
        ways or {},
        named(page or fields),
    )


GROUPS: Mapping[str, Promise] = {
    "people": _("People"),
    "programs": _("Programs"),
    "referrals": _("Referrals"),
    "rewards": _("Rewards"),
    "messages": _("Messages"),
    "installation": _("Installation"),
}

_LINKS = {
    "user_id": "admin:customer",
    "customer": "admin:customer",
    "advocate": "admin:customer",
    "friend": "admin:customer",
    "beneficiary": "admin:customer",
    "merged_into": "admin:customer",
    "decision_id": "admin:decision",
    "program": "admin:program",
    "program_id": "admin:program",
    "slug": "admin:program",
}


def _links(model: type[models.Model]) -> Mapping[str, str]:
    """The pages about a table's columns; a `user_id` of the console's own people is no customer."""
    staff_ids = {
        one.attname: "admin:staff_member"
        for one in model._meta.concrete_fields
        if one.remote_field and one.related_model is get_user_model()
    }
    return _LINKS | staff_ids


def _retry_notice(actor: str, key: str, now: datetime) -> None:
    retry(int(key), now=now)
    record(actor, "notice.retried", f"notice:{key}", now=now)


def _replay_delivery(actor: str, key: str, now: datetime) -> None:
    replay(actor, int(key), now=now)


RETRY = Action(
    "retry",
    _("Send again"),
    _("Send these messages again?"),
    _("Each goes to its reader once more, as if it were new. What was sent cannot be taken back."),
    "messages.edit",
    _retry_notice,
)
REPLAY = Action(
    "replay",
    _("Send again"),
    _("Send these deliveries again?"),
    _("Each goes to its address once more, whatever became of it. This cannot be taken back."),
    "settings.edit",
    _replay_delivery,
)

KINDS: tuple[Kind, ...] = (
    kind(
        "customers",
        "people",
        _("Customers"),
        "customers.read",
        people.Customer,
        "user_id shown first_seen_at last_seen_at merged_into",
        more="first_position",
        search="user_id merged_into",
        own=(NAME,),
    ),
    kind(
        "contacts",
        "people",
        _("Contacts"),
        "customers.read",
        people.Contact,
        "customer contact kind first_position",
        search="customer",
        filters="kind",
        sorts="id",
        scanned="kind",
        own=(CONTACT,),
    ),
    kind(
        "consents",
        "people",
        _("Consents"),
        "customers.read",
        people.Consent,
        "position customer purpose is_given text_version channel occurred_at",
        search="customer",
        filters="purpose is_given",
        scanned="purpose is_given",
    ),
    kind(
        "identities",
        "people",
        _("Visitors' ids"),
        "customers.read",
        people.Identity,
        "anonymous_id customer first_position",
        search="customer anonymous_id",
        sorts="id",
    ),
    kind(
        "erasures",
        "people",
        _("Erasures"),
        "customers.read",
        people.Erasure,
        "position customer erased_at",
        search="customer",
    ),
    kind(
        "signed-in",
        "people",
        _("Customers' sessions"),
        "customers.read",
        access.SignedIn,
        "customer way device begun_at seen_at ended_at",
        search="customer",
        filters="way",
        sorts="id",
        scanned="way",
    ),
    kind(
        "events",
        "people",
        _("Events"),
        "customers.read",
        events.Event,
        "position kind name user_id anonymous_id occurred_at source",
        more="received_at message_id body",
        search="user_id anonymous_id message_id",
        filters="kind name",
        scanned="kind name",
    ),
    kind(
        "rejects",
        "people",
        _("Events that could not be used"),
        "customers.read",
        referrals.Reject,
        "position message_id code sentence",
        filters="code",
        scanned="code",
    ),
    kind(
        "segments",
        "people",
        _("Segments"),
        "customers.read",
        segments.Segment,
        "name count made_by made_at changed_at refreshed_at",
        sorts="id",
    ),
    kind(
        "segment-members",
        "people",
        _("Members of segments"),
        "customers.read",
        segments.Member,
        "customer segment",
        search="customer",
        sorts="id",
    ),
    kind(
        "circle",
        "people",
        _("Core circle"),
        "customers.read",
        segments.Chosen,
        "customer relation fit chosen_at chosen_by left_at",
        search="customer",
        sorts="id",
    ),
    kind(
        "spending",
        "people",
        _("Spending"),
        "customers.read",
        segments.Spending,
        "customer currency orders amount refunded first_at last_at",
        search="customer",
        sorts="id",
    ),
    kind(
        "programs",
        "programs",
        _("Programs"),
        "programs.read",
        programs.Program,
        "slug status stopped_at landing_url created_at",
        search="slug",
        filters="status",
    ),
    kind(
        "versions",
        "programs",
        _("Versions"),
        "programs.read",
        programs.Version,
        "program number status starts_at position created_at published_at published_by reason",
        search="program",
        filters="status",
        sorts="id",
    ),
    kind(
        "drafts",
        "programs",
        _("Drafts"),
        "programs.read",
        programs.Draft,
        "slug number origin revision updated_at updated_by handed_over_at",
        search="slug",
        sorts="id",
    ),
    kind(
        "reviews",
        "programs",
        _("Reviews"),
        "programs.read",
        approving.Review,
        "program number status asked_by asked_at closed_at note",
        filters="program status",
        sorts="id",
    ),
    kind(
        "verdicts",
        "programs",
        _("Verdicts of legal and finance"),
        "programs.read",
        approving.Verdict,
        "review side is_approved remarks by at",
        filters="side is_approved",
        sorts="id",
    ),
    kind(
        "checks",
        "programs",
        _("Quarterly checks"),
        "programs.read",
        approving.Check,
        "program version is_approved remarks by at",
        filters="program is_approved",
        sorts="id",
    ),
    kind(
        "stops",
        "programs",
        _("Immediate stops"),
        "programs.read",
        approving.Stop,
        "program reason by at version ended_by ended_at",
        filters="program",
        sorts="id",
    ),
    kind(
        "pilots",
        "programs",
        _("Pilots"),
        "programs.read",
        approving.Pilot,
        "program number tag by at promoted_at promoted_by",
        filters="program",
        sorts="id",
    ),
    kind(
        "suggestions",
        "programs",
        _("Suggestions from pilots"),
        "programs.read",
        approving.Suggestion,
        "pilot text by at",
        sorts="id",
    ),
    kind(
        "comparisons",
        "programs",
        _("Comparisons"),
        "programs.read",
        comparing.Comparison,
        "program base_name name from_at until_at status asked_by asked_at ended_at",
        filters="program status",
        sorts="id",
    ),
    kind(
        "experiments",
        "programs",
        _("Experiments"),
        "board.read",
        experiments.Experiment,
        "program split metric hypothesis starts_on ends_on winner made_by ended_at",
        more="conclusion",
        filters="program",
        sorts="id",
    ),
    kind(
        "rivals",
        "programs",
        _("Programs of others"),
        "programs.read",
        planning.Rival,
        "company program amount_minor percent seen_on answer",
        filters="program",
        sorts="id",
    ),
    kind(
        "wishes",
        "programs",
        _("What customers would like"),
        "programs.read",
        planning.Wish,
        "program reward question asked_on created_by",
        filters="program",
        sorts="id",
    ),
    kind(
        "polls",
        "programs",
        _("Questions to customers"),
        "programs.read",
        planning.Poll,
        "program reward opened_at opened_by closed_at",
        filters="program",
        sorts="id",
    ),
    kind(
        "calls",
        "programs",
        _("Where customers are called"),
        "programs.read",
        toolkit.Call,
        "program place changed_at changed_by",
        key="program",
        sorts="program",
    ),
    kind(
        "links",
        "programs",
        _("Links"),
        "referrals.read",
        programs.Link,
        "code program advocate channel script created_at clicks referrals",
        search="key advocate",
        filters="program",
        sorts="key",
    ),
    kind(
        "referrals",
        "referrals",
        _("Referrals"),
        "referrals.read",
        referrals.Referral,
        "friend advocate program version kind channel script started_at join_position",
        more="touched_at touch_position",
        search="advocate friend",
        filters="program kind",
        sorts="join_position",
        key="join_position id",
        scanned="program kind",
    ),
    kind(
        "stages",
        "referrals",
        _("Stages reached"),
        "referrals.read",
        referrals.StageChange,
        "friend program stage at position reason",
        filters="stage",
        sorts="id",
        scanned="stage",
    ),
    kind(
        "touches-lost",
        "referrals",
        _("Touches lost"),
        "referrals.read",
        referrals.TouchLost,
        "advocate visitor program kind reason touched_at join_position",
        more="touch_position",
        search="advocate",
        filters="reason program",
        sorts="join_position",
        key="join_position id",
        scanned="reason program",
    ),
    kind(
        "leads",
        "referrals",
        _("Leads"),
        "referrals.read",
        leads.Nomination,
        "shown program advocate state channel taken_by created_at expires_at ended_at friend",
        search="advocate",
        filters="state program",
        sorts="id",
        scanned="state program",
    ),
    kind(
        "tasks",
        "referrals",
        _("Tasks"),
        "tasks.handle",
        tasks.Task,
        "kind about program customer level role owner state opened_at due_at closed_at",
        search="about customer",
        filters="kind state",
        sorts="id",
        scanned="state kind",
    ),
    kind(
        "amends",
        "referrals",
        _("Corrections and goodwill"),
        "referrals.edit",
        amends.Amend,
        "kind program customer other unit amount state asked_by asked_at decided_by ended_at",
        search="customer about",
        filters="kind state",
        sorts="id",
    ),
    kind(
        "disputes",
        "referrals",
        _("Disputes"),
        "disputes.handle",
        feedback.Dispute,
        "user_id about program state outcome raised_at solved_at is_appealed",
        search="user_id",
        filters="state outcome",
        sorts="id",
    ),
    kind(
        "decisions",
        "rewards",
        _("Decisions"),
        "decisions.read",
        referrals.Decision,
        "decision_id program reward beneficiary milestone unit raw_amount amount outcome reason "
        "occurred_at available_at",
        more="version to advocate friend ordinal position expires_at standing",
        page="decision_id beneficiary unit amount raw_amount outcome standing reason program "
        "reward milestone occurred_at available_at",
        search="decision_id beneficiary friend",
        filters="program outcome standing reason",
        sorts="position",
        key="position place",
        scanned="outcome standing reason",
        own=(deciding.STANDING, deciding.REASON),
        computed=deciding.computed,
        ways={
            "standing": Way(deciding.STANDINGS, deciding.stands),
            "reason": Way(deciding.REASONS, deciding.has_reason),
        },
    ),
    kind(
        "reversals",
        "rewards",
        _("Reversals"),
        "decisions.read",
        referrals.Reversal,
        "decision_id amount occurred_at position",
        search="decision_id",
        sorts="position",
        key="position place",
    ),
    kind(
        "rulings",
        "rewards",
        _("Rulings"),
        "decisions.read",
        referrals.Ruling,
        "position decision_id verdict actor reason occurred_at",
        search="decision_id",
        filters="verdict",
    ),
    kind(
        "transfers",
        "rewards",
        _("Transfers"),
        "decisions.read",
        ledger.Transfer,
        "transfer_id unit amount source target occurred_at reference",
        more="decision_id position",
        search="transfer_id source target decision_id reference",
        sorts="position",
        key="position place",
    ),
    kind(
        "balances",
        "rewards",
        _("Balances"),
        "decisions.read",
        ledger.Balance,
        "account unit amount position",
        search="account",
        sorts="account",
        key="account unit",
    ),
    kind(
        "payout-batches",
        "rewards",
        _("Payouts"),
        "payouts.read",
        payouts.Batch,
        "unit method state prepared_at prepared_by approved_at approved_by handed_at ended_at",
        filters="state unit method",
        sorts="id",
    ),
    kind(
        "payout-lines",
        "rewards",
        _("Payout lines"),
        "payouts.read",
        payouts.Line,
        "customer batch unit amount state shown attempts reason ended_at",
        search="customer",
        filters="state",
        sorts="id",
        scanned="state",
    ),
    kind(
        "payout-results",
        "rewards",
        _("Results of payouts"),
        "payouts.read",
        payouts.Result,
        "reference status amount reason source at is_settled",
        filters="status",
        sorts="id",
        scanned="status",
    ),
    kind(
        "payees",
        "rewards",
        _("Accounts for payouts"),
        "payouts.read",
        payouts.Payee,
        "customer method shown state agreed_at verified_at verified_by",
        search="customer",
        filters="state method",
        scanned="state method",
    ),
    kind(
        "notices",
        "messages",
        _("Messages to people"),
        "customers.read",
        journeys.Notice,
        "kind user_id program status channel reason answer created_at sent_at",
        more="attempts attempted_at next_at provider template_version read_at",
        search="user_id",
        filters="status kind channel",
        sorts="id",
        scanned="kind channel",
        actions=(RETRY,),
    ),
    kind(
        "preferences",
        "messages",
        _("How people want to be told"),
        "customers.read",
        journeys.Preference,
        "user_id is_email_on is_sms_on is_wechat_on timezone",
        search="user_id",
    ),
    kind(
        "stopped-contacts",
        "messages",
        _("Contacts not written to"),
        "customers.read",
        journeys.StoppedContact,
        "channel reason at",
        filters="channel reason",
        sorts="id",
        scanned="channel reason",
    ),
    kind(
        "reminders",
        "messages",
        _("Reminders sent"),
        "referrals.read",
        journeys.Reminder,
        "advocate program number invitation at",
        sorts="id",
    ),
    kind(
        "templates",
        "messages",
        _("Texts of messages"),
        "messages.edit",
        journeys.Template,
        "kind channel language version title created_at created_by",
        more="text",
        filters="kind channel language",
        sorts="id",
    ),
    kind(
        "scripts",
        "messages",
        _("Scripts"),
        "messages.edit",
        toolkit.ScriptVersion,
        "script number program kind scene channel reader is_active saved_at saved_by",
        search="script",
        filters="kind channel reader",
        sorts="id",
    ),
    kind(
        "uses",
        "messages",
        _("Shares and clicks"),
        "board.read",
        toolkit.Use,
        "script channel shares clicks",
        search="script channel",
        sorts="id",
    ),
    kind(
        "questions",
        "messages",
        _("Questions and answers"),
        "messages.edit",
        toolkit.Question,
        "program key place is_shown",
        filters="program",
        sorts="id",
    ),
    kind(
        "proofs",
        "messages",
        _("Proof to pass on"),
        "messages.edit",
        toolkit.Proof,
        "program key kind url place",
        filters="program kind",
        sorts="id",
    ),
    kind(
        "touchpoints",
        "messages",
        _("Touchpoints"),
        "messages.edit",
        toolkit.Touchpoint,
        "key stage where program is_active changed_at changed_by",
        filters="stage",
        sorts="key",
    ),
    kind(
        "webhooks",
        "installation",
        _("Webhooks"),
        "settings.edit",
        outbox.Subscription,
        "url topics status concurrency failing_since created_at",
        more="description",
        filters="status",
        key="id",
    ),
    kind(
        "deliveries",
        "installation",
        _("Webhook deliveries"),
        "settings.edit",
        outbox.Delivery,
        "subscription status attempts attempted_at answer_status answer next_at",
        search="subscription",
        filters="status",
        sorts="id",
        scanned="status",
        actions=(REPLAY,),
    ),
    kind(
        "outbox",
        "installation",
        _("Messages of webhooks"),
        "settings.edit",
        pipeline.Message,
        "topic key position created_at",
        more="payload",
        search="key",
        filters="topic",
        sorts="id",
        scanned="topic",
    ),
    kind(
        "alarms",
        "installation",
        _("Alarms"),
        "board.read",
        pipeline.Alarm,
        "kind sentence opened_at closed_at",
        sorts="id",
    ),
    kind(
        "jobs",
        "installation",
        _("Scheduled work"),
        "settings.edit",
        schedule.Job,
        "name due_at ended_at succeeded_at result",
    ),
    kind(
        "keys",
        "installation",
        _("Keys"),
        "settings.edit",
        access.Key,
        "hint name role scopes is_test created_at created_by revoked_at",
        filters="role is_test",
        sorts="id",
    ),
    kind(
        "shops",
        "installation",
        _("Shops"),
        "settings.edit",
        sources.Source,
        "name kind currency options created_at created_by revoked_at",
        sorts="created_at",
        key="created_at id",
    ),
    kind(
        "purchases",
        "installation",
        _("Orders of shops"),
        "settings.edit",
        sources.Purchase,
        "order_id source user_id currency total_minor refunded_minor",
        search="order_id user_id",
        sorts="id",
    ),
    kind(
        "privacy-requests",
        "installation",
        _("Privacy requests"),
        "customers.privacy",
        privacy.Request,
        "kind state user_id about received_at due_at opened_by closed_at closed_by reason",
        search="user_id",
        filters="kind state",
        sorts="id",
    ),
    kind(
        "audit",
        "installation",
        _("Audit log"),
        "audit.read",
        audit.Entry,
        "number at actor verb about before after reason",
        more="hash",
        search="actor about verb",
    ),
    kind(
        "roles",
        "installation",
        _("Roles given"),
        "staff.manage",
        staff.Role,
        "user role given_at given_by",
        filters="role",
        sorts="id",
    ),
    kind(
        "staff-sessions",
        "installation",
        _("Sessions of staff"),
        "staff.manage",
        staff.Session,
        "user device begun_at seen_at ended_at",
        sorts="id",
    ),
    kind(
        "saved-views",
        "installation",
        _("Saved views"),
        "staff.manage",
        staff.SavedView,
        "name records query owner saved_at",
        filters="records",
        sorts="id",
    ),
)

BY_SLUG = {one.slug: one for one in KINDS}
