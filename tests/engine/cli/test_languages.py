"""Commands in another language: by option, settings or environment; machines hear English."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.cli import language_asked, run
from engine.sources.languages import can_be_written, environment_language
from engine.words.cells import cells, left, pieces, right, wrapped
from engine.words.errors import InputError
from engine.words.messages import ENGLISH, error_text, language, retold, say, speaking

ASKED = ["--model", "llama-3.1-8b", "--chip", "h100_sxm", "--chips", "2", "--tpot", "20"]


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    run(arguments)
    return capsys.readouterr().out


class TestTheChoice:
    @pytest.mark.parametrize(
        ("names", "code"),
        [
            ({"LANG": "zh_CN.UTF-8"}, "zh"),
            ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US"}, "en"),
            ({"LANG": "en_US", "LC_MESSAGES": "C", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
            ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
            ({"LANG": "fr_FR"}, "en"),
        ],
    )
    def test_the_environment_in_the_order_of_posix(
        self, monkeypatch: pytest.MonkeyPatch, names: dict[str, str], code: str
    ):
        for one in ("LANG", "LC_MESSAGES", "LC_ALL"):
            monkeypatch.delenv(one, raising=False)
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        assert environment_language() == code

    @pytest.mark.parametrize("asked", [["--language", "zh"], ["--language=zh"]])
    def test_the_option_may_stand_anywhere(self, asked: list[str]):
        assert language_asked([*asked, "chips"]) == ("zh", ["chips"])
        assert language_asked(["chips", *asked]) == ("zh", ["chips"])

    def test_the_option_goes_before_settings_and_those_before_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        monkeypatch.setenv("LANG", "zh_CN.UTF-8")
        run(["name", "nonsense", "--language", "en"], "zh")
        assert "benchmark name" in capsys.readouterr().err
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        run(["name", "nonsense"], "zh")
        assert "基准名" in capsys.readouterr().err

    def test_an_unknown_language_is_refused(self, capsys: pytest.CaptureFixture[str]):
        assert run(["chips", "--language", "fr"]) == 2
        assert "--language" in capsys.readouterr().err

    def test_an_output_that_cannot_carry_it_gets_english(self):
        assert can_be_written("zh", "utf-8")
        assert not can_be_written("zh", "ascii")
        assert not can_be_written("zh", None)
        assert can_be_written(ENGLISH, "ascii")


class TestWhatIsPrinted:
    def test_people_read_the_language(self, capsys: pytest.CaptureFixture[str]):
        text = printed(capsys, "sweep", *ASKED, "--language", "zh", "--rows", "3")
        assert "批大小" in text
        assert "tok/s/芯片" in text
        assert "精确度：" in text

    def test_columns_are_aligned_in_cells(self, capsys: pytest.CaptureFixture[str]):
        text = printed(capsys, "sweep", *ASKED, "--language", "zh", "--rows", "3")
        lines = text.split("\n")
        place = next(place for place, one in enumerate(lines) if "TTFT ms" in one)
        ends = {cells(lines[place][: found.end()]) for found in re.finditer("T ms", lines[place])}
        for row in lines[place + 1 : place + 4]:
            assert ends <= {cells(row[: found.end()]) for found in re.finditer(r"[\d.,]+", row)}

    def test_machines_hear_english(self, capsys: pytest.CaptureFixture[str]):
        told = [
            json.loads(printed(capsys, "sweep", *ASKED, "--json", "--language", code))
            for code in ("en", "zh")
        ]
        assert told[0]["answer"] == told[1]["answer"]
        assert told[0]["rows"] == told[1]["rows"]

    def test_their_errors_are_for_people(self, capsys: pytest.CaptureFixture[str]):
        run(["predict", *ASKED, "--batch", "x", "--json", "--language", "zh"])
        assert "应为" in capsys.readouterr().err

    def test_a_plan_is_the_same_in_every_language(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        for code in ("en", "zh"):
            run(["plan", *ASKED, "-o", str(tmp_path / f"{code}.toml"), "--language", code])
        assert "方案已写入" in capsys.readouterr().out
        assert (tmp_path / "en.toml").read_text() == (tmp_path / "zh.toml").read_text()

    @pytest.mark.parametrize("width", [60, 80, 120])
    def test_help_keeps_the_terminals_width(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
    ):
        monkeypatch.setenv("COLUMNS", str(width))
        text = printed(capsys, "sweep", "--help", "--language", "zh")
        assert "用法：" in text
        assert "允许的张量并行度" in text.replace("\n", "").replace(" ", "")
        chinese = [one for one in text.split("\n") if cells(one) > len(one)]
        assert max(map(cells, chinese)) <= width


class TestMessages:
    def test_a_message_can_be_said_again(self):
        told = say("{verdict} is {figure}", verdict=say("memory"), figure=3)
        assert told == "memory is 3"
        assert retold(told, "zh") == "显存 为 3"
        assert retold("plain", "zh") == "plain"

    def test_another_language_is_spoken_for_a_while_only(self):
        with speaking("zh"):
            assert language() == "zh"
            assert say("memory") == "显存"
        assert say("memory") == "memory"

    def test_an_error_is_told_in_the_language_of_today(self):
        error = InputError(say("sweep: stopped"))
        with speaking("zh"):
            assert error_text(error) == "sweep：已停止"

    def test_what_nobody_translated_is_english(self):
        with speaking("zh"):
            assert say("never said before {x}", x=1) == "never said before 1"


class TestCells:
    def test_wide_characters_take_two(self):
        assert cells("批 ms") == 5
        assert left("批", 4) == "批  "
        assert right("批", 4) == "  批"

    def test_lines_break_between_wide_characters_and_not_before_a_mark(self):
        assert wrapped("吞吐很高，时延低", 8) == ["吞吐很", "高，时延", "低"]

    def test_pieces_make_the_text_again(self):
        text = "TP8 以 W8A8 部署，批大小 192："
        assert "".join(pieces(text)) == text

    def test_pieces_of_words_end_with_their_spaces_and_keep_a_percent_sign(self):
        assert pieces("TPOT ± 11 % so") == ["TPOT ", "± ", "11 % ", "so"]


WORDS = re.compile(r"[A-Za-z]{3,} [a-z]{3,} [a-z]{3,}")
"""Three words in a row: an English sentence."""
TINY = Path(__file__).parents[2] / "data" / "tiny_llama.json"


class TestEveryCommandSpeaksChinese:
    @pytest.mark.parametrize(
        "asked",
        [
            ["model", "deepseek-v3"],
            ["model", "resnet-50"],
            ["name", "TPS001-Llama2-70B-S4K-01-W4A16-B16"],
            ["chips"],
            ["models"],
            ["accuracy"],
            ["predict", *ASKED, "--tp", "2", "--batch", "8"],
            ["sweep", *ASKED, "--markdown", "--rows", "3"],
        ],
        ids=lambda one: "-".join(one[:2]),
    )
    def test_no_sentence_is_left_in_english(
        self, capsys: pytest.CaptureFixture[str], asked: list[str]
    ):
        text = printed(capsys, *asked, "--language", "zh")
        told = [one for one in text.split("\n") if "github" not in one and "```" not in one]
        assert any(cells(one) > len(one) for one in told)
        listed = ("vllm ", "aiconfigurator", "README", "costs fitted", "hahnyuan", "BLIS")
        """Launch lines, and sources as they are called."""
        left_over = [one for one in told if not any(name in one for name in listed)]
        assert [one for one in left_over if WORDS.search(one)] == []

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"model_type": "bark"}, "是生成声音的模型"),
            ({"model_type": "nobody_knows"}, "未知的 model_type"),
            ({"num_key_value_heads": 3}, "应为 8 个注意力头的因数"),
            ({"num_attention_heads": None}, "应为"),
        ],
    )
    def test_a_config_is_refused_in_chinese(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict, told: str
    ):
        config = {**json.loads(TINY.read_text()), "num_attention_heads": 8, **changed}
        (tmp_path / "config.json").write_text(json.dumps(config))
        run(["model", str(tmp_path / "config.json"), "--language", "zh"])
        assert told in capsys.readouterr().err

    def test_a_report_of_another_language_is_replaced(self, tmp_path: Path, capsys):
        report = tmp_path / "sweep.md"
        for code, told in (("zh", "生成。"), ("en", "Written by")):
            run(["sweep", *ASKED, "--report", str(report), "--language", code])
            assert told in report.read_text(encoding="utf-8")
