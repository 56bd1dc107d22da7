"""Pure decisions: frozen facts in, frozen plans and findings out. No clock, network or process."""
