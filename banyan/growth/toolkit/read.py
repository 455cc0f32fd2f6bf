"""read: what others ask the toolkit, answered with plain values."""

from banyan.growth.toolkit.calls import Call, call, calls
from banyan.growth.toolkit.faq import Answered, faq, good_fit
from banyan.growth.toolkit.presentation import (
    Presentation,
    offer_of,
    own,
    presentation,
    terms_of,
    title_of,
)
from banyan.growth.toolkit.proof import ProofItem, proof
from banyan.growth.toolkit.reassurance import Line, reassurance
from banyan.growth.toolkit.scripts import (
    Effect,
    Script,
    all_scripts,
    effect,
    history,
    script,
    scripts,
    yield_of,
)
from banyan.growth.toolkit.share import (
    NothingToShare,
    Ready,
    ready,
    ready_proof,
    share_text,
    tracked,
)
from banyan.growth.toolkit.texts import CHANNELS, filled

__all__ = [
    "CHANNELS",
    "Answered",
    "Call",
    "Effect",
    "Line",
    "NothingToShare",
    "Presentation",
    "ProofItem",
    "Ready",
    "Script",
    "all_scripts",
    "call",
    "calls",
    "effect",
    "faq",
    "filled",
    "good_fit",
    "history",
    "offer_of",
    "own",
    "presentation",
    "proof",
    "ready",
    "ready_proof",
    "reassurance",
    "script",
    "scripts",
    "share_text",
    "terms_of",
    "title_of",
    "tracked",
    "yield_of",
]
