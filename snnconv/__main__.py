"""`python -m snnconv`, as launchers of several processes start it, and the command `snnconv`."""

import os
import sys


def main() -> None:
    """Run the command line. What it imports takes seconds, in which Ctrl-C is not a traceback either."""
    try:
        from .cli.main import main as run
    except KeyboardInterrupt:
        os.write(2, b"interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
