"""importing: files from anywhere, row by row, into events of the log.

sheets -> columns -> rows (cells) -> intake -> log
"""
