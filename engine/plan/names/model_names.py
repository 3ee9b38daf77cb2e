"""How benchmark names write a model's name and size."""

from __future__ import annotations

import re


def fps_model(name: str, version: str) -> str:
    """The model field of an FPS name: the model's name without its version (``ResNet-50-V1.5``
    and ``V1.5`` give ``Resnet50``)."""
    plain = re.sub(r"[^\w.-]", "", name).strip("-_")
    if version:
        # timm writes a version in the middle: resnetv2_50.
        without = re.sub(
            rf"{re.escape(version)}(?=$|[-_])", "", plain, count=1, flags=re.IGNORECASE
        )
        plain = without.strip("-_") or plain
    return document_spelling(plain) or "model"


_JOINED = re.compile(r"(?<=[A-Za-z])[-_ ](?=\d)")
_RESNET = re.compile("resnet", re.IGNORECASE)


def document_spelling(name: str) -> str:
    """A model's name as the document writes it: ``Llama2`` for ``Llama-2``, ``Resnet50`` for
    ``ResNet-50``."""
    return _RESNET.sub("Resnet", _JOINED.sub("", name))


_SIZE = re.compile(r"[-_ ]?(\d+(?:x\d+)?(?:\.\d+)?[BMT])(?=$|[-_ ])", re.IGNORECASE | re.ASCII)


def model_and_size(name: str, total_parameters: int) -> tuple[str, str]:
    """Split a model's name into the name and size fields of a benchmark.

    ``Llama-2-70b-hf`` gives ``Llama2-hf`` and ``70B``; without a size in the name the
    parameter count is rounded (``DeepSeek-V3`` and ``671B``).
    """
    plain = re.sub(r"[^\w.-]", "", name) or "model"
    match = _SIZE.search(plain)
    if match:
        rest = (plain[: match.start()] + plain[match.end() :]).strip("-_ ")
        return document_spelling(rest) or "model", match[1].upper().replace("X", "x")
    billions = total_parameters / 1e9
    size = f"{billions:.0f}B" if billions >= 10 else f"{billions:.1f}B"
    if billions < 1:
        size = f"{total_parameters / 1e6:.0f}M"
    return document_spelling(plain.strip("-_")), size
