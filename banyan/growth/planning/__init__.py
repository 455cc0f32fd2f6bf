"""Planning a program before it is promised: simulated, benchmark and real logs."""
