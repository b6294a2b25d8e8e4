"""Solving a problem: in this process for notebooks and the command line, in isolated child processes for a service."""
