"""From a reference (bundled profile, file, folder, hub id) to a described model.

`find` says what a reference names, `read` parses the file, `edit` applies what-ifs, `interpret`
says what the config means. Files are bounded before parsing, every string is cleaned, and each
problem becomes one `InputError` that names file, key, what was found and what is expected.
"""

from __future__ import annotations

from engine.model.config.edit import apply_edits
from engine.model.config.find import hub_reference, is_layer_table
from engine.model.config.interpret import interpret
from engine.model.config.load import load_architecture
from engine.model.config.loaded import Edits, LoadedModel, RawConfig, Resolution
from engine.model.config.read import config_files, read_raw

__all__ = (
    "Edits",
    "LoadedModel",
    "RawConfig",
    "Resolution",
    "apply_edits",
    "config_files",
    "hub_reference",
    "interpret",
    "is_layer_table",
    "load_architecture",
    "read_raw",
)
