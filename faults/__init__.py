"""Fault tests: breaks one part after the other under the really running assistant and looks what customers meet."""
