"""The proof of a break: documents that one version writes and the other refuses."""
