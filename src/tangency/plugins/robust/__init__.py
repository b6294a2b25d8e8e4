"""Parts of the method ``robust_optimization``."""
