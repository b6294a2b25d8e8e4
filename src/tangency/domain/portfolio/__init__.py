"""Portfolios as they are held, and the prices that value them."""
