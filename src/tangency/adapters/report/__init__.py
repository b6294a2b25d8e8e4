"""What an answer means for a portfolio, for people: figures beside those of today, the efficient frontier, a page."""
