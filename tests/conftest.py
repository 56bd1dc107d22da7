"""Shared fixtures. Sockets are off unless a test is marked ``network``; processes unless marked or under e2e."""
