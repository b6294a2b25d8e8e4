"""Methods and estimators found through the entry points of installed distributions, ours and strangers' alike."""

from tangency.adapters.entry_points.catalogue import EntryPointPlugins

__all__ = ["EntryPointPlugins"]
