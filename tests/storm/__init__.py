"""The service under every fault at once: what was accepted ends, once, and is told once."""
