"""`python -m snnconv`."""

from .cli import main

main()
