"""The ``nbp`` command: glue between a terminal and the core."""
