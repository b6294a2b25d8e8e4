"""Everything that talks to the world, one folder per technology, joined by the container."""
