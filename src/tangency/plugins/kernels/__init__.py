"""Solver kernels: pure numerics that the built-in methods choose from."""
