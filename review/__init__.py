"""Learning from use: what customers asked and was not understood becomes proposals that the owner accepts or rejects."""
