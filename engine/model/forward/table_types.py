"""Layer types of tables (names of PyTorch, torchvision and timm modules) and what they are."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.forward.architecture import LayerKind

KINDS: Mapping[str, LayerKind] = {
    **dict.fromkeys(
        ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d", "ConvTranspose3d"), LayerKind.CONVOLUTION
    ),
    "Linear": LayerKind.LINEAR,
    **dict.fromkeys(
        (
            "MultiheadAttention",
            "Attention",
            "ShiftedWindowAttention",
            "ShiftedWindowAttentionV2",
            "WindowAttention",
            "RelativePositionalMultiHeadAttention",
            "EvaAttention",
            "CrossCovarianceAttn",
            "AttentionDownsample",
            "ScaledDotProductAttention",
        ),
        LayerKind.ATTENTION,
    ),
    **dict.fromkeys(
        (
            "MaxPool2d",
            "AvgPool2d",
            "MaxPool3d",
            "AvgPool3d",
            "AdaptiveAvgPool2d",
            "AdaptiveMaxPool2d",
            "LastLevelMaxPool",
        ),
        LayerKind.POOLING,
    ),
    **dict.fromkeys(
        (
            "BatchNorm1d",
            "BatchNorm2d",
            "BatchNorm3d",
            "FrozenBatchNorm2d",
            "SyncBatchNorm",
            "InstanceNorm2d",
            "InstanceNorm3d",
            "GroupNorm",
            "LayerNorm",
            "LayerNorm2d",
            "RMSNorm",
            "GlobalResponseNorm",
            "LocalResponseNorm",
        ),
        LayerKind.NORM,
    ),
    **dict.fromkeys(
        (
            "ReLU",
            "ReLU6",
            "LeakyReLU",
            "PReLU",
            "SiLU",
            "GELU",
            "Mish",
            "ELU",
            "Tanh",
            "Sigmoid",
            "Hardsigmoid",
            "Hardswish",
            "Softmax",
        ),
        LayerKind.ACTIVATION,
    ),
    **dict.fromkeys(
        (
            "LayerScale",
            "LayerScale2d",
            "Add",
            "Mul",
            "Concat",
            "Interpolate2d",
            "Upsample",
            "ChannelShuffle",
            "PixelShuffle",
            "WindowPartition",
            "WindowDepartition",
            "MultiScaleRoIAlign",
            "GeneralizedRCNNTransform",
        ),
        LayerKind.ELEMENTWISE,
    ),
    "Embedding": LayerKind.EMBEDDING,
}

ADDITIONS = frozenset({"Add", "Mul", "Concat"})
"""What joins branches; tables made from modules alone leave it out."""

NO_WORK = frozenset(
    {
        "Identity",
        "Dropout",
        "Dropout2d",
        "DropPath",
        "StochasticDepth",
        "Flatten",
        "Unflatten",
        "Permute",
        "SwapAxes",
        "Sequential",
        "ResampleFeatureMap",
        "Downsample",
        "AnchorGenerator",
        "DefaultBoxGenerator",
    }
)
"""Views, switches of training, and containers whose parts have rows of their own."""
