"""Whether a config is one of vision. Asked of every model, so that it loads no reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.model.forward.index import known_model_types, named_architectures


def is_vision(config: Mapping[str, Any], assume: str = "") -> bool:
    """True when a vision dialect reads ``config``, or it has timm's form."""
    if assume:
        return assume in known_model_types() or assume in named_architectures()
    model_type = config.get("model_type")
    if isinstance(model_type, str) and model_type:
        known = model_type in known_model_types() or model_type == "timm_wrapper"
        return known or _looks_visual(config, model_type)
    return isinstance(config.get("architecture"), str) or bool(type_of_class(config))


_VISUAL_CLASS = (
    r"For(Image|Object|Semantic|Instance|Universal|Depth|Keypoint|Masked?Image)\w*$|VisionModel\w*$"
)


def _looks_visual(config: Mapping[str, Any], model_type: str) -> bool:
    """True for a model of images that no dialect reads, neither of language nor of vision."""
    from engine.model.dialects.index import known_model_types as language_types
    from engine.model.refused import why_refused

    if model_type in language_types() or why_refused(config, model_type) is not None:
        return False
    classes = config.get("architectures")
    first = classes[0] if isinstance(classes, list) and classes else None
    if isinstance(first, str) and re.search(_VISUAL_CLASS, first):
        return True
    return "num_channels" in config and "vocab_size" not in config


_CLASSES = {
    "BertSpladeSparseEmbeddingModel": "bert",
    "BgeM3EmbeddingModel": "xlm-roberta",
    "ColBERTJinaRobertaModel": "jina_embeddings_v3",
    "ColBERTModernBertModel": "modernbert",
    "Contriever": "bert",
    "GteNewForSequenceClassification": "new",
    "GteNewModel": "new",
    "HF_ColBERT": "bert",
}
"""Class names whose model type is not their stem."""


def type_of_class(config: Mapping[str, Any]) -> str:
    """The model type whose class ``architectures`` names (ResNetForImageClassification), or ""."""
    classes = config.get("architectures")
    if not isinstance(classes, list) or not classes or not isinstance(classes[0], str):
        return ""
    if classes[0] in _CLASSES:
        return _CLASSES[classes[0]]
    stem = re.sub(r"(For[A-Z]\w*|Model\w*|Backbone)$", "", classes[0]).lower()
    plain = {re.sub(r"[_-]", "", kind): kind for kind in known_model_types()}
    return plain.get(stem, "")
