"""Efficient frontiers: least risk for each return, evenly spread, every point of it proven."""
