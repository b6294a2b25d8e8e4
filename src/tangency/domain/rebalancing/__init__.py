"""From what is held to what should be: trades, what they cost, and a plan that somebody decides on."""
