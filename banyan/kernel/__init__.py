"""The words every room speaks: money, times, errors."""
