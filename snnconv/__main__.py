"""`python -m snnconv`, as launchers of several processes start it."""

from .cli import main

main()
