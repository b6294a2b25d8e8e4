"""The suite that every optimization method must pass; plugin authors run it on theirs."""
