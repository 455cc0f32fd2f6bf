"""The line between files and the engine: event logs in, tables out."""
