"""Pure decisions: frozen facts in, frozen plans and findings out. No clock, environment, network or process."""
