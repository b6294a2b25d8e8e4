"""Ours beside other libraries on the same data: what agrees, by how much, and where a definition differs."""
