"""`python -m scenarios` is the command `talatan`."""

from scenarios.cli import main

if __name__ == "__main__":
    main()
