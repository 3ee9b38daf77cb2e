"""RADIO behind NVIDIA's models: Nemotron Nano VL and Omni, with Parakeet for sound (vLLM 0.33,
radio.py, nemotron_vl.py, nano_nemotron_vl.py and parakeet.py; transformers, parakeet)."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.dialects.towers.conformer import fast_conformer
from engine.model.dialects.towers.parts import linear, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say
from engine.words.text import clean

_NAMED = {
    "vit_small_patch16_224": (384, 12, 1536),
    "vit_base_patch16_224": (768, 12, 3072),
    "vit_large_patch16_224": (1024, 24, 4096),
    "vit_huge_patch16_224": (1280, 32, 5120),
    "vit_so400m_patch16_224": (1152, 27, 4304),
}
"""Width, layers and inner width of the networks that ``args.model`` names."""
_LEGACY = (
    "adaptor_configs",
    "adaptor_names",
    "feature_normalizer_config",
    "inter_feature_normalizer_config",
    "max_resolution",
    "preferred_resolution",
    "separate_video_embedder",
    "version",
    "vitdet_window_size",
)


@dataclass(frozen=True, slots=True)
class _Radio:
    hidden: int
    width: int
    layers: int
    largest: int
    """Pixels of a side that the table of positions covers."""
    tokens: int
    """Beside patches: of classes and registers."""
    frames: int
    """That one patch of a video joins; 0 where there are none of videos."""
    scaled: bool
    """Whether each half of a layer ends with a scale per channel."""


def radio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """RADIO: class and register tokens, patches of pictures and of videos; merged patches are
    normed and projected twice without biases."""
    tower = _tower(keys)
    if tower is None:
        return 0
    merged, middle = _joined(keys, outer)
    return tower + merged + merged * middle + middle * text_hidden


def nemotron_nano(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """RADIO; merged patches are normed and projected twice."""
    outer.ignore("image_tag_type", "ps_version", "template", "use_thumbnail", "patch_size")
    outer.ignore("force_image_size", "max_sequence_length")
    tower = _tower(keys)
    if tower is None:
        return 0
    merged, middle = _joined(keys, outer)
    return tower + 2 * merged + linear(merged, middle) + linear(middle, text_hidden)


def _joined(keys: Keys, outer: Keys) -> tuple[int, int]:
    ratio = round(1 / outer.number("downsample_ratio", default=0.5))
    hidden = keys.integer("hidden_size", default=1280) if "args" not in keys.values else 1280
    merged = outer.integer("vision_hidden_size", "vit_hidden_size", default=hidden) * ratio**2
    return merged, outer.integer("projector_hidden_size", default=4096)


def _tower(keys: Keys) -> int | None:
    """Elements of the network, None (and left out) where it is not known."""
    patch = keys.integer("patch_size", default=16, maximum=10_000)
    sizes = _named(keys) if keys.values.get("args") else _written(keys)
    if sizes is None:
        return None
    flat = keys.integer("num_channels", default=3) * patch**2
    rows = (sizes.largest // patch) ** 2 + sizes.tokens + (1 + sizes.frames) * flat
    block = transformer_layer(sizes.hidden, sizes.width)
    block += 2 * sizes.hidden if sizes.scaled else 0
    if not keys.flag("qkv_bias", default=True):
        block -= 3 * sizes.hidden
    return rows * sizes.hidden + sizes.layers * block


def _written(keys: Keys) -> _Radio:
    """As transformers writes it."""
    keys.ignore("num_attention_heads", "image_size", "patch_dim", "video_patch_dim", "summary_idxs")
    keys.ignore("use_swiglu_ffn", "layerscale_value", "norm_mean", "norm_std")
    hidden = keys.integer("hidden_size", default=1280)
    tokens = keys.integer("num_cls_tokens", default=3) + keys.integer("num_registers", default=7)
    return _Radio(
        hidden=hidden,
        width=int(hidden * keys.number("mlp_ratio", default=4)),
        layers=keys.integer("num_hidden_layers", default=32, maximum=10_000),
        largest=keys.integer("max_img_size", default=2048, maximum=100_000),
        tokens=tokens,
        frames=keys.integer("video_temporal_patch_size", default=2, maximum=64),
        scaled=True,
    )


def _named(keys: Keys) -> _Radio | None:
    """As RADIO's own repositories write it: the arguments of its training."""
    keys.ignore(*_LEGACY)
    own = keys.scope("args")
    assert own is not None
    name = own.text("model")
    if name not in _NAMED:
        own.ignore(*own.values)
        keys.leave_out(say("the tower {name} is", name=clean(name, 60)))
        return None
    hidden, layers, width = _NAMED[name]
    teachers = own.values.get("teachers")
    named = {one.get("name") for one in teachers or () if isinstance(one, dict)}
    classes = max(len(named), 1) if own.flag("cls_token_per_teacher", default=False) else 1
    multiple = own.optional_integer("register_multiple", maximum=1000) or 0
    frames = keys.integer("video_temporal_patch_size", default=1, maximum=64)
    largest = own.integer("cpe_max_size", default=2048, maximum=100_000)
    own.ignore(*own.values)
    return _Radio(
        hidden=hidden,
        width=width,
        layers=layers,
        largest=largest,
        tokens=classes + (multiple - classes % multiple if multiple else 0),
        frames=frames if frames > 1 else 0,
        scaled=False,
    )


def parakeet(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Convolutions that shorten the spectrogram, conformer layers with relative positions, a norm
    and two projections."""
    hidden = keys.integer("hidden_size")
    middle = keys.integer("projection_hidden_size", default=4096)
    bias = keys.flag("projection_bias", default=False)
    keys.ignore("sampling_rate")
    projector = hidden + linear(hidden, middle, bias) + linear(middle, text_hidden, bias)
    return fast_conformer(keys, biased=False).parameters + projector
