"""The lab: a throw-away machine of Linux namespaces that boots and runs a post-startup script for real."""
