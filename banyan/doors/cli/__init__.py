"""The `banyan` command.

`main.py` names every command and imports its module only when it is called, so that
`banyan --help` stays quick. A command is one module of that name with a click command called
`command`; the first line of its help stands in `main.COMMANDS`. What cannot be done is raised as a
`Problem`; `main.py` turns it into one line and an exit code.
"""
