"""approving: a program's life: reviewed by two, published, stopped, looked at again by law."""
