"""The command line. Its modules import what is heavy inside their commands, so that help comes at once."""
