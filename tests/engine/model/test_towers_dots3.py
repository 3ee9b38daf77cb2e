"""dots3-note's towers, against transformers' own counts."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture

TEXT = {
    "model_type": "dots3_note_text",
    "num_hidden_layers": 2,
    "vocab_size": 2000,
    "n_routed_experts": 8,
    "intermediate_size": 128,
}
WHISPER = {"d_model": 1280, "encoder_layers": 32, "encoder_ffn_dim": 5120, "num_mel_bins": 128}


@pytest.mark.parametrize(
    ("more", "elements"),
    [
        pytest.param({}, 6_871_277_312 + 886_199_680, id="the class's own"),
        pytest.param(
            {"audio_config": {"whisper_config": WHISPER, "whisper_adapter_out_dim": 5120}},
            6_871_277_312 + 886_199_680,
            id="sizes under Whisper's names",
        ),
        pytest.param(
            {"vision_config": {"pyramid_num_routed": [-1] * 42}},
            # Every layer dense: 17 layers of 64 · 3 · 2112 · 1536 and a router less.
            886_199_680
            + 6_871_277_312
            - (sum(range(4, 65, 4)) + 64) * (3 * 2112 + 1) * 1536
            + 17 * 3 * 4224 * 1536,
            id="a dense tower",
        ),
    ],
)
def test_the_elements_of_its_towers(more: dict[str, Any], elements: int) -> None:
    model = read_architecture({"model_type": "dots3_note", "text_config": TEXT, **more}, "m", "m")
    assert model.tower_parameters == elements
