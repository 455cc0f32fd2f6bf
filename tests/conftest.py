"""Settings that hold for every test."""

from hypothesis import settings

# Two workers share two cores, so the time an example takes says nothing.
settings.register_profile("banyan", deadline=None, print_blob=True)
settings.load_profile("banyan")
