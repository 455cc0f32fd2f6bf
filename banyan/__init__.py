"""Banyan 榕荐: referral and loyalty programs as queries over an event log."""

import os

# What a batch frees the next one takes again: memory goes back to the system after ten seconds, not
# after half a second as Polars has it. Before Polars is imported, or it has no effect.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000")
