"""The program people see."""
