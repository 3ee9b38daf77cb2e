"""Which dialect reads which vision ``model_type``, and what timm's and torchvision's names mean.

One line per family: the module in `engine.model.forward.dialects`, and for each of its readers the
model types. Names of single models and their figures are data
(``profiles/architectures/*.toml``), each read by the model type it states.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.sources.profile_files import read_toml
from profiles import ROOT

if TYPE_CHECKING:
    from engine.model.forward.source import Reader

FAMILIES: dict[str, dict[str, tuple[str, ...]]] = {
    "beit": {"read": ("beit", "data2vec-vision")},
    "bert": {
        "read": (
            "bert",
            "roberta",
            "xlm-roberta",
            "camembert",
            "data2vec-text",
            "mpnet",
            "electra",
            "albert",
            "megatron-bert",
            "roberta-prelayernorm",
            "xlm-roberta-xl",
            "longformer",
            "big_bird",
            "ernie",
        ),
        "read_distilled": ("distilbert",),
    },
    "cait": {"read": ("cait",), "read_covariance": ("xcit",)},
    "classic": {
        "read_vgg": ("vgg",),
        "read_alexnet": ("alexnet",),
        "read_squeezenet": ("squeezenet",),
    },
    "clip": {
        "read": ("clip", "clip_vision_model", "chinese_clip", "chinese_clip_vision_model"),
        "read_siglip": ("siglip", "siglip_vision_model"),
    },
    "convnext": {"read": ("convnext", "convnextv2", "dinov3_convnext")},
    "cspnet": {"read": ("cspnet",)},
    "davit": {"read": ("davit",)},
    "deberta": {"read": ("deberta-v2", "deberta")},
    "densenet": {"read": ("densenet",)},
    "detr": {"read": ("detr", "table-transformer")},
    "dino": {
        "read": ("dinov2", "dinov2_with_registers"),
        "read_third": ("dinov3_vit",),
    },
    "dpn": {"read": ("dpn",)},
    "edgenext": {"read": ("edgenext",)},
    "efficientdet": {"read": ("efficientdet",)},
    "efficientnet": {"read": ("efficientnet",)},
    "eva": {"read": ("eva02",)},
    "fastvit": {"read": ("fastvit",)},
    "ghostnet": {"read": ("ghostnet",)},
    "hrnet": {"read": ("hrnet",)},
    "inception": {
        "read": ("inception",),
        "read_residual": ("inception_resnet",),
        "read_googlenet": ("googlenet",),
    },
    "levit": {"read": ("levit",)},
    "maxvit": {"read": ("maxvit", "coatnet")},
    "metaformer": {
        "read": ("metaformer",),
        "read_inception": ("inception_next",),
        "read_convmixer": ("convmixer",),
    },
    "mixer": {"read": ("mlp_mixer",)},
    "mobile": {"read": ("inverted_residuals",)},
    "mobilenet": {"read_first": ("mobilenet_v1",), "read_second": ("mobilenet_v2",)},
    "mobilevit": {"read": ("mobilevit",), "read_second": ("mobilevitv2",)},
    "regnet": {"read": ("regnet",)},
    "pit": {"read": ("pit",)},
    "poolformer": {"read": ("poolformer",)},
    "rcnn": {"read_fcos": ("fcos",), "read_regions": ("faster_rcnn", "mask_rcnn")},
    "repvgg": {"read": ("repvgg",)},
    "res2net": {"read": ("res2net",), "read_split": ("resnest",)},
    "resnet": {"read": ("resnet",), "read_preactivation": ("bit",)},
    "retinanet": {"read": ("retinanet",)},
    "rotary": {
        "read_modern": ("modernbert",),
        "read_nomic": ("nomic_bert",),
        "read_gte": ("gte", "new"),
        "read_jina": ("jina_embeddings_v3",),
        "read_euro": ("eurobert",),
    },
    "segmentation": {
        "read_fcn": ("fcn",),
        "read_deeplab": ("deeplabv3",),
        "read_lraspp": ("lraspp",),
    },
    "segformer": {"read": ("segformer", "pvt_v2")},
    "shufflenet": {"read": ("shufflenet_v2",)},
    "swin": {"read": ("swin", "swinv2")},
    "ssd": {"read": ("ssd",)},
    "ssdlite": {"read": ("ssdlite",)},
    "xception": {
        "read": ("xception",),
        "read_aligned": ("xception_aligned",),
        "read_mobileone": ("mobileone",),
    },
    "yolos": {"read": ("yolos",)},
    "vovnet": {"read": ("vovnet",)},
    "twins": {"read": ("twins_svt",)},
    "vit": {"read": ("vit", "vit_msn", "deit", "ijepa")},
}
"""Module to reader to model types."""


@cache
def _readers() -> dict[str, tuple[str, str]]:
    return {
        model_type: (module, reader)
        for module, readers in FAMILIES.items()
        for reader, model_types in readers.items()
        for model_type in model_types
    }


def known_model_types() -> tuple[str, ...]:
    """Every vision model type, sorted."""
    return tuple(sorted(_readers()))


def reader_for(model_type: str) -> Reader | None:
    """The reader of ``model_type``, or None when no vision dialect knows it."""
    found = _readers().get(model_type)
    if found is None:
        return None
    module, name = found
    reader: Reader = getattr(
        importlib.import_module(f"engine.model.forward.dialects.{module}"), name
    )
    return reader


@cache
def named_architectures() -> Mapping[str, Mapping[str, Any]]:
    """Config keys of every model known by name (``resnet50``, ``swin_t``)."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((ROOT / "architectures").glob("*.toml")):
        table = read_toml(path)
        shared = table.get("shared", {})
        for name, values in table["models"].items():
            found[name] = {**shared, **_inherited(table["models"], values)}
    return found


def _inherited(models: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """``like`` names a model of the same file whose figures hold unless given anew."""
    base = values.get("like")
    own = {key: value for key, value in values.items() if key != "like"}
    return {**_inherited(models, models[base]), **own} if base else own
