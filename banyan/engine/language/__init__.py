"""The program language: what a program file may say, and what it means.

program = Program.load("programs/meundies.yaml")     # or ProgramError, with every finding
for finding in lint(program):
    print(finding)                                   # path:line:column: severity key: sentence
"""

from banyan.engine.language.findings import Finding, ProgramError
from banyan.engine.language.lint import lint
from banyan.engine.language.program import Program
from banyan.engine.language.sql import Compiled, SqlError, compile_sql

__all__ = [
    "Compiled",
    "Finding",
    "Program",
    "ProgramError",
    "SqlError",
    "compile_sql",
    "lint",
]
