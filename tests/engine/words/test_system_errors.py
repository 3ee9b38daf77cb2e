"""What the system answers, in the reader's language."""

from __future__ import annotations

import errno
import os

from engine.words.messages import speaking
from engine.words.system_errors import system_reason


def test_usual_reasons_are_said_in_todays_language():
    refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    assert system_reason(refused) == "permission denied"
    with speaking("zh"):
        assert system_reason(refused) == "没有权限"


def test_unusual_ones_are_as_the_system_says_them():
    assert system_reason(OSError(errno.ETXTBSY, "Text file busy")) == "text file busy"


def test_a_name_that_no_system_takes_has_a_reason():
    assert system_reason(ValueError("embedded null byte")) == "no such name"
