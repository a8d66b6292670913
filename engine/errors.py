"""What can go wrong, said in sentences.

``str(error)`` is always one sentence fit for the user: what is wrong and what to do about it.
The traceback belongs in the log.

    UnderpaintError
     ├── ModelError          a model file that is missing, damaged, too new or of a wrong sort
     ├── PictureError        a picture, project or palette file that can't be used
     ├── StyleError          a style that the model does not know
     └── DeviceError         the graphics card or the memory gave up
"""

import re

_NO_TEXT = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes in names of files that are not UTF-8."""


class UnderpaintError(Exception):
    """The root of every expected failure. ``str(error)`` is fit for the user."""

    exit_code = 1
    """Of a command that fails with it."""

    def __str__(self) -> str:
        return _NO_TEXT.sub("\ufffd", super().__str__())


class ModelError(UnderpaintError):
    """A model file is missing, damaged, from a newer version, or not a model at all."""


class PictureError(UnderpaintError):
    """A picture, project, drawing or palette file can't be read, or is larger than allowed."""


class StyleError(UnderpaintError):
    """A style that the model does not know, or no style at all."""


class DeviceError(UnderpaintError):
    """The chosen device is missing, was lost, or ran out of memory."""
