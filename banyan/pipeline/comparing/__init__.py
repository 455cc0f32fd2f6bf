"""comparing: a draft and the running version over one real past, worked out in the background."""
