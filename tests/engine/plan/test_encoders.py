"""Text encoders are planned by the length of their sequences, and counted in sequences."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import rooftop
from engine.cli import run
from engine.model.forward.architecture import Text
from engine.plan.answer import answer
from engine.plan.kinds import benchmark_names
from engine.plan.launch_lines import launch_command
from engine.plan.names.benchmark import EncoderName
from engine.plan.names.parse import parse_name
from engine.plan.prepared import prepare
from engine.plan.saved.plan_file import load_plan, scenario_document, write_document
from engine.plan.sensitivity.knobs import sensitivity
from engine.plan.sensitivity.neighbours import nudges
from engine.plan.sweep import sweep
from engine.scenario import Lengths, Objectives, Scenario, Workload
from engine.serve.call import Batch, Call
from engine.serve.command import command_line

BERT = Scenario(
    model="bert-large",
    chip="a100_sxm_80gb",
    chips=1,
    framework="tensorrt",
    max_batch=8,
    objectives=Objectives(),
)


def of_length(tokens: int, scenario: Scenario = BERT) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, sequence_tokens=tokens))


def best(scenario: Scenario) -> float:
    found = sweep(prepare(scenario), scenario)
    assert found is not None and found.best is not None
    return found.table.value(found.best, "fps_per_chip")


def test_shorter_sequences_are_more_per_second():
    assert best(of_length(128)) > 2 * best(of_length(384))


def test_the_model_s_own_length_is_that_of_its_file():
    assert prepare(BERT).forward_model.input == Text(384)
    assert best(BERT) == best(of_length(384))


def test_the_answer_counts_sequences():
    found = sweep(prepare(BERT), BERT)
    assert found is not None
    assert "sequences/s/chip" in answer(prepare(BERT), BERT, found)


def test_its_name_has_tokens_and_is_read_back():
    prepared = prepare(of_length(128))
    (name,) = benchmark_names(prepared, BERT, prepared.precisions[0], 8)
    assert name == "FPS001-BERT-Large-V1-S128-W16A16-B8"
    assert parse_name(name) == EncoderName(1, "BERT-Large", "V1", 128, 16, 16, 8)


def launched(framework: str) -> str:
    scenario = replace(of_length(128), framework=framework)
    prepared = prepare(scenario)
    row = prepared.arrangements[0], prepared.precisions[0]
    return launch_command(prepared, scenario, *row, 8)


def test_it_is_launched_on_tokens():
    command = launched("tensorrt")
    assert "input_ids:8x128" in command
    assert "x3x" not in command


def test_an_engine_without_a_command_for_text_says_so():
    command = launched("pytorch")
    assert command.startswith("# gap: PyTorch")
    assert "8 × 128 tokens" in command


def test_an_engine_without_figures_for_text_is_replaced_and_said_so():
    prepared = prepare(replace(BERT, framework="vllm"))
    assert prepared.framework.id == "tensorrt"
    assert "is not described for text encoders" in prepared.fallbacks[0]


def test_its_knob_is_the_length():
    found = {(one.knob, one.before, one.after) for one in nudges(of_length(128))}
    assert {("ISL", "128", "64"), ("ISL", "128", "256")} <= found
    assert "resolution" not in {knob for knob, _, _ in found}


def test_a_length_beyond_the_positions_is_no_step():
    limited = replace(BERT, objectives=Objectives(latency_ms=40))
    lengths = {one.nudge.after for one in sensitivity(limited) if one.nudge.knob == "ISL"}
    assert lengths == {"192"}


def test_another_model_has_its_own_length():
    assert of_length(128).of_model("bert-base").workload.sequence_tokens == 0


def test_the_command_that_asks_the_same_gives_its_length():
    prepared = prepare(BERT)
    for tokens in (128, Workload().input_tokens):
        line = command_line(Call(of_length(tokens), prepared.arrangements[0], Batch(8)))
        assert f" --isl {tokens} " in line


class TestCommandLine:
    def test_isl_is_its_length(self, capsys: pytest.CaptureFixture[str]):
        arguments = ["--isl", "128", "--chip", "a100", "--chips", "1", "--max-batch", "8"]
        assert run(["sweep", "--model", "bert-large", *arguments, "--json"]) == 0
        told = capsys.readouterr()
        document = json.loads(told.out)
        assert "sequences/s/chip" in document["answer"]
        assert "-S128-" in document["best"]["benchmark"]
        assert document["best"]["fps_per_chip"] == pytest.approx(best(of_length(128)), rel=1e-4)
        assert told.err == ""

    @pytest.mark.parametrize(
        ("model", "options", "said"),
        [
            ("bert-large", ("--osl", "--ttft"), "--osl, --ttft: no effect on a text encoder"),
            ("resnet-50", ("--isl",), "--isl: no effect on a vision model"),
            ("llama-3.1-8b", ("--latency",), "--latency: no effect on a language model"),
            ("bert-large", ("--isl", "--latency", "--instances"), ""),
            ("llama-3.1-8b", ("--isl",), ""),
        ],
    )
    def test_idle_options_are_those_that_the_model_does_not_take(
        self, capsys: pytest.CaptureFixture[str], model: str, options: tuple[str, ...], said: str
    ):
        given = [word for option in options for word in (option, "9")]
        run(["sweep", "--model", model, "--chip", "h100", "--chips", "1", *given])
        assert capsys.readouterr().err == (f"note: {said}\n" if said else "")

    def test_an_embedder_made_of_a_decoder_says_how_to_divide_it(
        self, capsys: pytest.CaptureFixture[str]
    ):
        given = ["--task", "embed", "--chip", "h100", "--chips", "2", "--tp", "2"]
        run(["sweep", "--model", "llama-3.1-8b", *given])
        told = capsys.readouterr().err
        assert "--tp: no effect on a text encoder; --task generate --osl 1 plans" in told

    def test_a_resolution_is_refused_in_one_line(self, capsys: pytest.CaptureFixture[str]):
        assert run(["sweep", "--model", "bert-large", "--resolution", "384x1"]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and "--isl" in told

    def test_the_list_of_models_calls_it_an_encoder(self, capsys: pytest.CaptureFixture[str]):
        run(["models", "--json"])
        kinds = {row["id"]: row["kind"] for row in json.loads(capsys.readouterr().out)}
        assert kinds["bert-large"] == "encoder"
        assert kinds["resnet-50"] == "vision"
        assert kinds["llama-3.1-8b"] == "language"

    @pytest.mark.parametrize(
        ("model", "option", "noun"),
        [
            ("resnet-50", ("--isl", "9"), "text encoders"),
            ("llama-3.1-8b", ("--isl", "9"), "text encoders"),
            ("llama-3.1-8b", ("--resolution", "9x9"), "vision models"),
            ("bert-large", ("--kv", "fp8"), "language models"),
        ],
    )
    def test_a_description_refuses_what_is_for_other_models(
        self,
        capsys: pytest.CaptureFixture[str],
        model: str,
        option: tuple[str, str],
        noun: str,
    ):
        assert run(["model", model, *option]) == 2
        assert f"{option[0]} is for {noun}" in capsys.readouterr().err


class TestFace:
    def test_isl_is_its_length_and_a_resolution_is_refused(self):
        asked = {"model": "bert-large", "chip": "a100", "chips": 1, "max_batch": 8}
        plans = rooftop.plan(**asked, isl=128)
        assert plans.kind.value == "encoder"
        assert plans.best is not None
        assert plans.columns()["fps_per_chip"].max() == pytest.approx(best(of_length(128)))
        with pytest.raises(rooftop.Error, match="--isl"):
            rooftop.plan(**asked, resolution="384x1")


def as_in_a_file(scenario: Scenario) -> Scenario:
    """Lengths that a file holds are to stay."""
    return replace(scenario, workload=replace(scenario.workload, lengths=Lengths.CHOSEN))


class TestPlans:
    def saved(self, path: Path, workload: dict[str, object], version: int) -> Scenario:
        """What is read of a plan of a version with these keys of its workload changed."""
        scenario = scenario_document(BERT)
        kept = {key: value for key, value in scenario["workload"].items() if key in _FIRST}
        scenario["workload"] = {**kept, **workload}
        layout = dict.fromkeys(("tensor", "pipeline", "expert", "attention_data", "replicas"), 1)
        choice = {"batch": 8, "precision": "W16A16", "layout": layout}
        write_document(path, {"schema_version": version, "scenario": scenario, "choice": choice})
        return load_plan(path).scenario

    def test_a_length_comes_back(self, tmp_path: Path):
        found = self.saved(tmp_path / "plan.toml", {"sequence_tokens": 128}, 2)
        assert found == as_in_a_file(of_length(128))

    def test_an_old_plan_s_image_of_one_row_is_a_sequence(self, tmp_path: Path):
        old = {"image_width": 384, "image_height": 1}
        found = self.saved(tmp_path / "plan.toml", old, 1)
        assert found == as_in_a_file(of_length(384))
        assert prepare(found).forward_model.input == Text(384)

    def test_an_old_plan_s_image_stays_one(self, tmp_path: Path):
        old = {"image_width": 384, "image_height": 224}
        workload = self.saved(tmp_path / "plan.toml", old, 1).workload
        assert (workload.resolution, workload.sequence_tokens) == ((384, 224), 0)

    def test_the_whole_command_saves_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        path = tmp_path / "plan.toml"
        arguments = ["--chip", "a100", "--chips", "1", "--max-batch", "8", "--isl", "128"]
        assert run(["plan", "--model", "bert-large", *arguments, "-o", str(path)]) == 0
        capsys.readouterr()
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        assert document["benchmarks"] == ["FPS001-BERT-Large-V1-S128-W16A16-B8"]
        assert load_plan(path).scenario.workload.sequence_tokens == 128


_FIRST = ("input_tokens", "output_tokens", "mode", "image_width", "image_height")
"""What the workload of a plan of schema 1 holds."""
