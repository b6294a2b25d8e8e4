"""The model and its ports. Imports the standard library and numpy, nothing else."""
