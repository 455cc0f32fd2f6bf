"""shipped: the texts that hold until somebody writes others, a file a language."""
