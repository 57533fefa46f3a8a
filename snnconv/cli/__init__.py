"""The `snnconv` command."""
