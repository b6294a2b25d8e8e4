"""Ours and the peers', measured in one process run. `make bench` runs all of it."""
