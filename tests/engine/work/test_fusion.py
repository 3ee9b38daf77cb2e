"""Which layers become kernels of their own."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardLayer, LayerKind
from engine.work.forward.fusion import Fusion, kernels_of
from tests.engine.model.forward.builders import convolution, model, plain

ALL = Fusion(norm=True, activation=True, elementwise=True, attention=True, biased_attention=True)
NONE = Fusion(
    norm=False, activation=False, elementwise=False, attention=False, biased_attention=False
)
BLOCK = (
    convolution(),
    plain(LayerKind.NORM, parameters=256),
    plain(LayerKind.ELEMENTWISE, inputs=2 * 128 * 128),
    plain(LayerKind.ACTIVATION),
)


def test_a_block_is_one_kernel_when_everything_fuses():
    (kernel,) = kernels_of(model(*BLOCK), ALL)
    assert kernel.layers == 4
    # Input and output of the convolution, and the residual once.
    assert kernel.moved_elements == 128 * 64 + 128 * 128 + 128 * 128


def test_eager_runs_every_layer():
    kernels = kernels_of(model(*BLOCK), NONE)
    assert [kernel.family for kernel in kernels] == ["convolution", *["pointwise"] * 3]
    assert sum(kernel.moved_elements for kernel in kernels[1:]) == (2 + 3 + 2) * 128 * 128


def test_a_norm_after_a_convolution_with_bias_does_not_fold():
    layers = (convolution(bias=True), plain(LayerKind.NORM, parameters=256))
    assert len(kernels_of(model(*layers), ALL)) == 2


def test_only_one_norm_folds():
    layers = (convolution(), plain(LayerKind.NORM), plain(LayerKind.NORM))
    assert [kernel.layers for kernel in kernels_of(model(*layers), ALL)] == [2, 1]


def test_unfused_attention_moves_its_scores():
    layer = ForwardLayer(
        "attn", LayerKind.ATTENTION, 0, 1, 300, 100, rows=10, depth=5, columns=20, groups=2
    )
    fused, unfused = (kernels_of(model(layer), fusion)[0] for fusion in (ALL, NONE))
    assert fused.moved_elements == 400
    assert unfused.moved_elements == 400 + 7 * 2 * 10 * 20


def test_a_bias_on_the_scores_can_keep_attention_from_fusing():
    layer = ForwardLayer(
        "attn", LayerKind.ATTENTION, 9, 1, 300, 100, rows=10, depth=5, columns=20, groups=2
    )
    only_plain = Fusion(True, True, True, attention=True, biased_attention=False)
    assert kernels_of(model(layer), only_plain)[0].moved_elements > 400
    assert kernels_of(model(layer), ALL)[0].moved_elements == 400


def test_scores_of_boxes_move_in_single_precision_four_times():
    """Written, put in order (read and written), read: whatever the model's format is."""
    layer = ForwardLayer("detections", LayerKind.CHOICE, 0, 0.0, 9000, 50)
    (kernel,) = kernels_of(model(layer), ALL)
    assert (kernel.single_elements, kernel.moved_elements) == (4 * 9000, 50)
