"""Engines that know no windows run every layer over the whole context."""

from __future__ import annotations

from engine.model.windows import without_windows
from tests.engine import builders


def test_every_window_opens_and_nothing_else_changes():
    opened = without_windows(builders.dense(window=64))
    assert opened == builders.dense()


def test_a_model_without_windows_or_attention_stays_what_it_is():
    model = builders.dense()
    assert without_windows(model) is model
