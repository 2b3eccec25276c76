"""The promise of every transport, as facts; each runs on all of them, with no exemption."""
