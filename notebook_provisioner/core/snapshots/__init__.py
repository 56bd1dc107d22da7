"""Boot-disk snapshots: whose they are, which are kept and why, and how the others are deleted."""
