"""What images become, by hand: the processors' own arithmetic."""

import pytest

from engine.model.image_rules import (
    AnyResolution,
    Canvas,
    Filled,
    Fixed,
    ImageRule,
    Padded,
    Rounded,
    Rows,
    Seen,
    Tiled,
)

QWEN2_5 = Rounded(14, 2, 56**2, 16384 * 28**2)


@pytest.mark.parametrize(
    ("rule", "size", "seen"),
    [
        # 1024/28 = 36.6: 37 merged patches on each side, and two marks.
        (QWEN2_5, (1024, 1024), Seen(37 * 37 + 2, 1, 37 * 37 * 4, 37 * 37)),
        # 8000 x 8000 is shrunk to 12.8 million pixels: 3584 on a side.
        (QWEN2_5, (8000, 8000), Seen(128 * 128 + 2, 1, 128 * 128 * 4, 128 * 128)),
        # 28 x 28 grows to 56 x 56.
        (QWEN2_5, (28, 28), Seen(4 + 2, 1, 16, 4)),
        # Half of 28 rounds to the even none: grown by the root of 3136 over 28,000 to 669 x 4.7.
        (QWEN2_5, (2000, 14), Seen(24 + 2, 1, 24 * 4, 24)),
        # Qwen3-VL's patches of 16: 1920/32 = 60 by 1080/32 = 33.75, rounded to 34.
        (Rounded(16, 2, 65536, 4096**2), (1920, 1080), Seen(60 * 34 + 2, 1, 60 * 34 * 4, 60 * 34)),
        # 1920 x 1080 in patches of 14: rows and columns padded to pairs.
        (Padded(14, 2, 16384, 512), (1920, 1080), Seen(69 * 39 + 3, 1, 69 * 39 * 4, 69 * 39)),
        # 4096 x 4096 is 292 x 292 patches, shrunk by the root of 16384 over them to 1795: 64.1
        # merged ones a side, padded to 65.
        (Padded(14, 2, 16384, 512), (4096, 4096), Seen(65 * 65 + 3, 1, 65 * 65 * 4, 65 * 65)),
        # As wide as 600 such squares: one row of as many as there may be.
        (Filled(16, 3, 280), (30_000, 50), Seen(282, 1, 280 * 9, 280)),
        # 256 merged patches of 48 fit a square within 280.
        (Filled(16, 3, 280), (1024, 1024), Seen(258, 1, 256 * 9, 256)),
        # Pixtral 12B: 64 rows of 64 patches, each with its end.
        (Rows(16, 1, 1024), (1024, 1024), Seen(64 * 65, 1, 4096, 4096)),
        # Longest side 1540: 55 by 31 merged patches of 28 (1540 x 866).
        (Rows(14, 2, 1540), (1920, 1080), Seen(31 * 56, 1, 31 * 55 * 4, 31 * 55)),
        # InternVL: 800 x 400 is two tiles in a row, and the whole once more.
        (Tiled(448, 1025, 256, 12), (800, 400), Seen(3 * 256 + 2, 3, 1025, 768)),
        (Tiled(448, 1025, 256, 12), (448, 448), Seen(258, 1, 1025, 256)),
        # Of squares, 2 x 2 tiles are filled to more than half by 896 x 896, 3 x 3 are not.
        (Tiled(448, 1025, 256, 12), (896, 896), Seen(5 * 256 + 2, 5, 1025, 5 * 256)),
        # Twelve tiles hold neither 5 x 3 nor 7 x 4: 2/1 is nearest, and 4 x 2 tiles are filled.
        (Tiled(448, 1025, 256, 12), (1920, 1080), Seen(9 * 256 + 2, 9, 1025, 9 * 256)),
        # Llama 4: 672 x 336 fills two tiles; one separator, the row's end, three marks.
        (Canvas(336, 577, 144, 16), (672, 336), Seen(3 * 144 + 2 + 3, 3, 577, 432)),
        (Canvas(336, 577, 144, 16), (300, 300), Seen(147, 1, 577, 144)),
        (Fixed(576, 577), (640, 480), Seen(576, 1, 577, 576)),
        # Gemma 3: a mark and a blank line at either end of 256.
        (Fixed(256, 4096, marks=4), (640, 480), Seen(260, 1, 4096, 256)),
        # LLaVA-NeXT: 672 x 672 fills 2 x 2 tiles, 48 rows with their ends, and the whole.
        (
            AnyResolution(336, 577, 24, ((336, 672), (672, 336), (672, 672))),
            (672, 672),
            Seen(48 * 49 + 576, 5, 577, 5 * 576),
        ),
        # LLaVA-OneVision: 6 x 6 tiles of 27 x 27 are four times nine, so that half the rows and
        # half the columns are left.
        (
            AnyResolution(384, 729, 27, ((384, 768), (2304, 2304)), 9),
            (2304, 2304),
            Seen(81 * 82 + 729, 37, 729, 37 * 729),
        ),
    ],
)
def test_an_image_is_as_many_tokens_as_the_processor_makes(
    rule: ImageRule, size: tuple[int, int], seen: Seen
):
    assert rule.seen(*size) == seen


@pytest.mark.parametrize("width", [1, 50, 333, 1000, 4000])
@pytest.mark.parametrize("height", [1, 70, 512, 3000])
def test_no_image_is_more_patches_than_a_rule_allows(width: int, height: int):
    assert Padded(14, 2, 16384, 512).seen(width, height).patches <= 16384 * 1.1
    assert Filled(16, 3, 280).seen(width, height).features <= 280
    assert Tiled(448, 1025, 256, 12).seen(width, height).pieces <= 13
    assert Canvas(336, 577, 144, 16).seen(width, height).pieces <= 17
