"""The JSON that doors speak: the request, the answer and the problem, shared by REST and the command line."""
