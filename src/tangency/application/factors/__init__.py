"""Factor analyses: what is asked, the returns it refers to, the sample, and the analysis."""
