"""What optimizations of a portfolio came to, over time."""
