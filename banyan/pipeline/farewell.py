"""farewell: a customer is erased from every room, not from the books."""

from __future__ import annotations

from datetime import datetime

from banyan.core.people.names import ids_of
from banyan.core.people.read import contacts
from banyan.growth.amends import acts as amends
from banyan.growth.feedback import acts as feedback
from banyan.growth.journeys import acts as journeys
from banyan.growth.leads import acts as leads
from banyan.growth.leads.contact import Given
from banyan.growth.payouts import payees
from banyan.growth.tasks import acts as tasks
from banyan.insight.segments import circle
from banyan.kernel.database import one_transaction
from banyan.trust.access import devices
from banyan.trust.privacy import acts as privacy
from banyan.trust.privacy.acts import Erased


def erase(
    actor: str, user_id: str, *, reason: str, now: datetime, request_id: int | None = None
) -> Erased:
    """Destroy what is personal of a customer, for ever: profile, contacts, sealed parts of events,
    notices, what they said in disputes, what the staff wrote of them, the account for payouts,
    invitations that wait for their answer. They are signed out everywhere. Ids and books stay.

    Raises what `banyan.trust.privacy.acts.erase_customer` raises.
    """
    with one_transaction():
        known = contacts(ids_of(user_id))
        # First, since it takes the log's lock.
        done = privacy.erase_customer(actor, user_id, reason=reason, now=now, request_id=request_id)
        journeys.forget(done.user_ids)
        feedback.forget(done.user_ids, now=now)
        tasks.forget(done.user_ids)
        amends.forget(done.user_ids)
        payees.forget(done.user_ids)
        circle.forget(done.user_ids, actor=actor, now=now)
        for one in known:
            leads.forget(Given(one.kind, one.value), now=now)
        for each in done.user_ids:
            devices.end_all(each, now=now)
    return done
