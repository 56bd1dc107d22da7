"""Upgrades of notebooks: what there is to upgrade, when it may happen, and in which order."""
