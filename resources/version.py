"""The program's version, told here and nowhere else; pyproject.toml, the packages and the window read it.

A module rather than the metadata of what is installed: an editable install and a packed program then say the
version of the code that runs, not that of the day on which it was installed.
"""

VERSION = "0.2.0"
