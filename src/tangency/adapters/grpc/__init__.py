"""The service over gRPC: messages to commands, answers to messages."""
