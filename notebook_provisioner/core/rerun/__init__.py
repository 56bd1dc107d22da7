"""Running post-startup scripts again: by which way, at what cost, and what is put back afterwards."""
