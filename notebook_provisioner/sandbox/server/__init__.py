"""Google's APIs as their discovery documents describe them, with the behaviour that those cannot tell."""
