"""Shared fixtures. Sockets are off unless a test is marked ``network``."""
