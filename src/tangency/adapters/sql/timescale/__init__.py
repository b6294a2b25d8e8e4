"""What TimescaleDB adds to a table of PostgreSQL."""
