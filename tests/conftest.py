"""Settings that every test shares."""

from __future__ import annotations

from hypothesis import settings

# A test never judges by the clock: machines are busy, and a slow example proves nothing. The same examples every time:
# a failure must be somebody's change, and a search for new ones has its own command (--hypothesis-profile=search).
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("steady")

# A project of its own: it is tested as its author would, from its own folder, by contracts/test_example_plugin.py.
collect_ignore = ["example_plugin"]
