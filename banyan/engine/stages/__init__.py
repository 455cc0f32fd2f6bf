"""The stages of a step, one a file, in the order data passes."""
