"""Learning from use: what was asked and not understood becomes proposals that the owner accepts or rejects."""
