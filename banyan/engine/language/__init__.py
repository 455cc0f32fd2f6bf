"""The program language: what a program file may say, and what it means."""
