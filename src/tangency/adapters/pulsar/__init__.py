"""Apache Pulsar: events out, tickets to workers, requests in."""
