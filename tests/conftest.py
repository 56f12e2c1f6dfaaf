"""Settings that every test shares."""

from hypothesis import settings

# No test is timed: a slow machine must not fail one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
