"""exporting: what an installation holds, as files that other programs and people read."""
