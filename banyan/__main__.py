"""`python -m banyan` is the `banyan` command."""

from banyan.doors.cli.main import main

main()
