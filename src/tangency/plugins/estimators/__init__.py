"""Estimators of means and covariances, by family."""
