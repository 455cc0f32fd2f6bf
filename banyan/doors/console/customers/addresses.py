"""addresses: of this part. Ids may hold anything, so each stands last."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from banyan.doors.console.customers import (
    acting,
    chain,
    circling,
    customer,
    data,
    decision,
    happened,
    referral,
    search,
    segmenting,
)

ADDRESSES: list[URLPattern | URLResolver] = [
    path("customers/", search.customers, name="customers"),
    path("customers/one/<id:user_id>", customer.customer, name="customer"),
    path("customers/seen/<id:user_id>", data.seen, name="customer_seen"),
    path("customers/event/<int:position>", happened.raw, name="customer_event"),
    path("customers/correct/<id:user_id>", acting.correct, name="customer_correct"),
    path("customers/consent/<id:user_id>", acting.consent, name="customer_consent"),
    path("customers/merge/<id:user_id>", acting.merge, name="customer_merge"),
    path("customers/link/<id:user_id>", acting.link, name="customer_link"),
    path("customers/export/<id:user_id>", acting.export, name="customer_export"),
    path("customers/erase/<id:user_id>", acting.erase, name="customer_erase"),
    path("referral/<slug:program>/<id:friend>", referral.referral, name="referral"),
    path("decision/why/<id:decision_id>", decision.decision_why, name="decision_why"),
    path("decision/one/<id:decision_id>", decision.decision, name="decision"),
    path("chains/", chain.all_chains, name="chains"),
    path("chains/file", chain.chains_file, name="chains_file"),
    path("chains/file/<id:user_id>", chain.chain_file, name="chain_file"),
    path("chains/of/<id:user_id>", chain.chain, name="chain"),
    path("segments/", segmenting.all_segments, name="segments"),
    path("segments/new", segmenting.new_segment, name="segment_new"),
    path("segments/of/<slug:slug>", segmenting.one_segment, name="segment"),
    path("segments/refresh/<slug:slug>", segmenting.refresh_segment, name="segment_refresh"),
    path("segments/remove/<slug:slug>", segmenting.remove_segment, name="segment_remove"),
    path("segments/file/<slug:slug>", segmenting.segment_file, name="segment_file"),
    path("circle/", circling.circle, name="circle"),
    path("circle/choose", circling.choose, name="circle_choose"),
    path("circle/leave", circling.let_go, name="circle_leave"),
]
