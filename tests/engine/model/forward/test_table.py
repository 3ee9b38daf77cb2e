"""Layer tables: what they mean, and how bad ones are refused."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.config import load_architecture
from engine.model.forward.architecture import ForwardArchitecture, Image, LayerKind, Text
from engine.model.forward.table import read_layer_table
from engine.model.kinds import ModelCategory
from engine.words.errors import InputError

HEADER = "idx,name,call,type,attrs,in_shape,out_shape,params,flops\n"
SMALL = (
    HEADER
    + '0,stem,1,Conv2d,k3x3 s2 p1 d1 g1 cin3 cout8 bias0,"[1,3,32,16]","[1,8,16,8]",216,55296\n'
    + '1,bn,1,BatchNorm2d,,"[1,8,16,8]","[1,8,16,8]",16,0\n'
    + '2,act,1,ReLU,,"[1,8,16,8]","[1,8,16,8]",0,0\n'
    + '3,dw,1,Conv2d,k3x3 s1 p1 d1 g8 cin8 cout8 bias1,"[1,8,16,8]","[1,8,16,8]",80,18432\n'
    + '4,pool,1,AdaptiveAvgPool2d,,"[1,8,16,8]","[1,8,1,1]",0,0\n'
    + '5,drop,1,Dropout,,"[1,8]","[1,8]",0,0\n'
    + '6,fc,1,Linear,in8 out10 bias1,"[1,8]","[1,10]",90,160\n'
)
REFERENCE = Path(__file__).parents[4].parent / "shared" / "reference"


def write(folder: Path, text: str) -> Path:
    path = folder / "model.csv"
    path.write_text(text, encoding="utf-8")
    return path


class TestReading:
    def test_layers_carry_their_products(self, tmp_path: Path) -> None:
        model = read_layer_table(write(tmp_path, SMALL))
        stem, norm, act, depthwise, pool, head = model.layers
        assert (stem.kind, stem.rows, stem.depth, stem.columns, stem.groups) == (
            LayerKind.CONVOLUTION,
            128,
            27,
            8,
            1,
        )
        assert (depthwise.kind, depthwise.depth, depthwise.columns, depthwise.groups) == (
            LayerKind.DEPTHWISE,
            9,
            1,
            8,
        )
        kinds = [norm.kind, act.kind, pool.kind]
        assert kinds == [LayerKind.NORM, LayerKind.ACTIVATION, LayerKind.POOLING]
        assert (head.kind, head.rows, head.depth, head.columns) == (LayerKind.LINEAR, 1, 8, 10)

    def test_totals_and_input(self, tmp_path: Path) -> None:
        model = read_layer_table(write(tmp_path, SMALL))
        assert model.parameters == 216 + 16 + 80 + 90
        assert model.flops == 55296 + 18432 + 160
        assert (model.input, model.samples) == (Image(16, 32), "images")

    def test_attention_with_projections_becomes_three_layers(self, tmp_path: Path) -> None:
        width, tokens = 128, 10
        projections = 2 * tokens * 4 * width * width
        core = 4 * tokens * tokens * width
        row = (
            f'0,attn,1,MultiheadAttention,,"[1,{tokens},{width}]","[1,{tokens},{width}]",'
            f"{4 * width * width + 4 * width},{projections + core}\n"
        )
        model = read_layer_table(write(tmp_path, HEADER + row))
        qkv, projection, attention = model.layers
        assert (qkv.columns, projection.columns) == (3 * width, width)
        assert (attention.rows, attention.columns, attention.depth) == (tokens, tokens, 64)
        assert attention.groups == 2
        assert attention.flops == core
        assert model.parameters == 4 * width * width + 4 * width

    def test_windows_are_found_from_the_flops(self, tmp_path: Path) -> None:
        width, tokens, keys = 96, 3136, 49
        flops = 2 * tokens * 4 * width * width + 4 * tokens * keys * width
        row = (
            '0,attn,1,ShiftedWindowAttention,,"[1,56,56,96]","[1,56,56,96]",'
            f"{4 * width * width + 4 * width},{flops}\n"
        )
        attention = read_layer_table(write(tmp_path, HEADER + row)).layers[-1]
        assert (attention.rows, attention.columns) == (keys, keys)
        assert attention.groups == 64 * 3

    def test_an_unknown_type_with_flops_is_named(self, tmp_path: Path) -> None:
        row = '0,odd,1,OddProduct,,"[1,4,16]","[1,4,32]",512,4096\n'
        model = read_layer_table(write(tmp_path, HEADER + row))
        assert model.layers[0].kind is LayerKind.LINEAR
        assert "OddProduct" in model.warnings[0]

    def test_what_the_table_leaves_out_is_said(self, tmp_path: Path) -> None:
        assert "no additions" in read_layer_table(write(tmp_path, SMALL)).assumptions[0]
        added = SMALL + '7,add,1,Add,,"[[1,10],[1,10]]","[1,10]",0,0\n'
        model = read_layer_table(write(tmp_path, added))
        assert model.assumptions == ()
        assert (model.layers[-1].input_elements, model.layers[-1].output_elements) == (20, 10)

    def test_filters_in_three_dimensions(self, tmp_path: Path) -> None:
        row = (
            '0,c,1,Conv3d,k3x3x3 s1 p1 d1 g1 cin2 cout4 bias0,"[1,2,4,8,8]","[1,4,4,8,8]",216,'
            f"{2 * 256 * 216}\n"
        )
        layer = read_layer_table(write(tmp_path, HEADER + row)).layers[0]
        assert (layer.rows, layer.depth, layer.columns) == (256, 54, 4)

    def test_a_table_loads_like_a_config(self, tmp_path: Path) -> None:
        loaded = load_architecture(str(write(tmp_path, SMALL)))
        assert loaded.kind is ModelCategory.VISION
        assert isinstance(loaded.architecture, ForwardArchitecture)


class TestRefusals:
    @pytest.mark.parametrize(
        ("broken", "replacement", "words"),
        [
            ("flops", "work", "column flops is missing"),
            ("55296", "55", "line 2: flops: found 55, expected 55,296"),
            (",216,", ",217000,", "line 2: params"),
            ("216,", "x,", "line 2: params: found 'x'"),
            ("k3x3 s2", "s2", "line 2: attrs: k is missing"),
            ("g8 cin8", "g3 cin8", "line 5: attrs: found g3"),
            ('"[1,8,16,8]",16', '"[1,8,16",16', "line 3: out_shape"),
            ("[1,3,32,16]", "[8,3,32,16]", "line 2: in_shape: found a batch of 8"),
            ("[1,3,32,16]", "[1,3,0,16]", "line 2: in_shape: found '0'"),
            ("Linear", "", "line 8: type: found nothing"),
            ("[1,8]", "[1,-8]", "line 7: in_shape"),
        ],
    )
    def test_one_line_names_line_and_column(
        self, tmp_path: Path, broken: str, replacement: str, words: str
    ) -> None:
        path = write(tmp_path, SMALL.replace(broken, replacement, 1))
        with pytest.raises(InputError) as caught:
            read_layer_table(path)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_missing_empty_and_large_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(InputError, match="no such file"):
            read_layer_table(tmp_path / "absent.csv")
        with pytest.raises(InputError, match="no rows"):
            read_layer_table(write(tmp_path, HEADER))
        monkeypatch.setattr("engine.model.forward.table_rows.MAXIMUM_BYTES", 10)
        with pytest.raises(InputError, match="expected a layer table of at most 10"):
            read_layer_table(write(tmp_path, SMALL))

    def test_another_resolution_is_refused(self, tmp_path: Path) -> None:
        path = str(write(tmp_path, SMALL))
        with pytest.raises(InputError, match="found 224x224, expected 16x32"):
            load_architecture(path, resolution=(224, 224))

    def test_a_table_of_text_is_of_one_length(self, tmp_path: Path) -> None:
        row = '0,fc,1,Linear,,"[1,64,8]","[1,64,4]",32,4096\n'
        path = str(write(tmp_path, HEADER + row))
        for tokens in (0, 64):
            loaded = load_architecture(path, sequence=tokens)
            assert loaded.kind is ModelCategory.ENCODER
            assert loaded.architecture.input == Text(64)  # type: ignore[union-attr]
        with pytest.raises(InputError, match="sequence length: found 128, expected 64"):
            load_architecture(path, sequence=128)
        with pytest.raises(InputError, match="--isl"):
            load_architecture(path, resolution=(64, 1))

    def test_edits_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no keys"):
            load_architecture(str(write(tmp_path, SMALL)), [("depth", 3)])


cells = st.one_of(
    st.text(max_size=20),
    st.integers(-5, 1 << 70).map(str),
    st.sampled_from(
        ["[1,3,8,8]", "[[1,2],[3]]", '{"a":[1]}', "[]", "nan", "1e400", "k3x3 g1 cin3 cout4"]
    ),
    st.sampled_from(["Conv2d", "Linear", "Attention", "ReLU", "Odd", "Embedding"]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(cells, min_size=0, max_size=9), max_size=4))
def test_any_table_is_read_or_refused_in_one_line(tmp_path: Path, rows: list[list[str]]) -> None:
    out = io.StringIO()
    out.write(HEADER)
    csv.writer(out).writerows(rows)
    path = tmp_path / "fuzz.csv"
    path.write_bytes(out.getvalue().encode("utf-8", "surrogatepass"))
    try:
        model = read_layer_table(path)
    except InputError as error:
        assert "\n" not in str(error)
        assert str(error).isprintable()
    else:
        assert model.flops > 0


@pytest.mark.skipif(not (REFERENCE / "cv").is_dir(), reason="no reference data")
def test_every_reference_table_has_the_published_flops() -> None:
    with (REFERENCE / "oracle_cv.csv").open(newline="") as stream:
        published = {
            row["model"]: float(row["flops_2xMAC"])
            for row in csv.DictReader(stream)
            if row["per_layer_rows"]
        }
    for path in sorted((REFERENCE / "cv").glob("*.csv")):
        model = read_layer_table(path)
        assert model.flops == pytest.approx(published[path.stem], rel=1e-3), path.stem
        assert not model.warnings, path.stem
