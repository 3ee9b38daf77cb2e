"""The hub through its real client, against a server on this machine."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.cli import run
from engine.model.config import load_architecture
from engine.model.kinds import ModelCategory
from engine.sources.files import MAXIMUM_CONFIG_BYTES
from engine.sources.hub import HubReference, fetch_config
from engine.words.errors import InputError
from tests.hub_server import COMMIT, OLDER, Hub, Repository, serving

TINY: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}
CONFIG = json.dumps(TINY).encode()
SMALLER = json.dumps({**TINY, "num_hidden_layers": 1}).encode()
FP8 = json.dumps({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}).encode()
AUTOGPTQ = json.dumps({"bits": 4, "group_size": 128, "desc_act": False}).encode()
PARAMS = json.dumps(
    {
        "dim": 64,
        "n_layers": 2,
        "n_heads": 4,
        "n_kv_heads": 2,
        "head_dim": 16,
        "hidden_dim": 128,
        "vocab_size": 100,
    }
).encode()
"""`TINY` in Mistral's words."""
SIDECARS = [
    "hf_quant_config.json",
    "quantize_config.json",
    "quant_config.json",
    "quant_model_description.json",
]
"""What may lie beside a config that says nothing of quantisation."""
PARAMETERS = 86_848
"""Of `TINY`, as test_config counts them by hand."""


def repositories() -> dict[str, Repository]:
    plain = {"config.json": CONFIG, "model.safetensors": b"weights", "code.py": b"raise SystemExit"}
    return {
        "org/plain": Repository(dict(plain), older={"config.json": SMALLER}),
        "org/fp8": Repository({"config.json": CONFIG, "hf_quant_config.json": FP8}),
        "org/gptq": Repository({"config.json": CONFIG, "quantize_config.json": AUTOGPTQ}),
        "org/own-words": Repository({"params.json": PARAMS}),
        "org/gated": Repository(dict(plain), gated=True),
        "org/private": Repository(dict(plain), private=True),
        "org/broken": Repository({"config.json": b"{broken"}),
        "org/gguf": Repository({"model.Q4.gguf": b""}, tags=("base_model:quantized:meta/Real",)),
        "org/lora": Repository({"adapter_config.json": b"{}"}),
        "org/empty": Repository({"README.md": b""}, tags=("base_model:\x1b[31m/[red]",)),
        "org/forbidden": Repository(status=403),
        "org/busy": Repository(status=429, headers={"Retry-After": "77"}),
        "org/down": Repository(status=503),
        "org/odd": Repository(status=418),
        "org/website": Repository(status=200),
    }


@pytest.fixture
def hub(local_hub: Hub) -> Hub:
    """The server with the repositories of these tests."""
    local_hub.repositories.update(repositories())
    return local_hub


def asked(hub: Hub, method: str = "") -> set[str]:
    """What was asked for, without the client's own statistics."""
    return {path for path in hub.paths(method) if "agent" not in path}


def refused(reference: str, revision: str = "") -> str:
    with pytest.raises(InputError) as caught:
        load_architecture(reference, revision=revision)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    return message


# --- what is fetched ------------------------------------------------------------------------


def test_only_the_configs_are_fetched(hub: Hub) -> None:
    model = load_architecture("org/plain")
    assert model.architecture.total_parameters == PARAMETERS
    names = {path.rsplit("/", 1)[1] for path in asked(hub)}
    assert names == {"config.json", *SIDECARS, "modules.json"}


def test_name_and_origin_are_those_of_the_repository(hub: Hub) -> None:
    model = load_architecture("org/plain")
    assert (model.name, model.origin) == ("plain", "org/plain")


def test_quantisation_beside_the_config_is_read(hub: Hub) -> None:
    assert load_architecture("org/plain").precision.weights.name == "bf16"
    assert load_architecture("org/fp8").precision.weights.name == "fp8"


def test_what_autogptq_wrote_beside_the_config_is_read(hub: Hub) -> None:
    assert load_architecture("org/gptq").precision.weights.name == "int4"


def test_one_file_beside_the_config_says_it_all(hub: Hub) -> None:
    load_architecture("org/fp8")
    names = {path.rsplit("/", 1)[1] for path in asked(hub)}
    assert names == {"config.json", "hf_quant_config.json", "modules.json"}


def test_a_repository_of_sentence_transformers_embeds(hub: Hub) -> None:
    hub.repositories["org/plain"].files["modules.json"] = b"[]"
    assert load_architecture("org/plain").kind is ModelCategory.ENCODER


def test_params_json_is_a_config_where_there_is_no_other(hub: Hub) -> None:
    model = load_architecture("org/own-words")
    assert model.architecture.total_parameters == PARAMETERS
    assert any("Mistral's params.json" in warning for warning in model.warnings)


@pytest.mark.parametrize(
    ("reference", "revision"),
    [("org/plain@v1", ""), ("org/plain", "v1"), ("org/plain", OLDER), ("org/plain@v1", "v1")],
)
def test_revisions(hub: Hub, reference: str, revision: str) -> None:
    model = load_architecture(reference, revision=revision)
    assert model.architecture.layer_count == 1  # type: ignore[union-attr]


def test_a_second_start_downloads_nothing(hub: Hub, monkeypatch) -> None:
    load_architecture("org/plain")
    before = len(hub.paths("GET"))
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    load_architecture("org/plain")
    assert len(hub.paths("GET")) == before


def test_one_session_asks_once(hub: Hub) -> None:
    load_architecture("org/plain")
    before = len(hub.requests)
    load_architecture("org/plain", edits=(("num_hidden_layers", 4),))
    assert len(hub.requests) == before


def test_a_commit_in_the_cache_is_not_asked_for_again(hub: Hub, monkeypatch) -> None:
    hub.repositories["org/fp8"].files["modules.json"] = b"[]"
    load_architecture("org/fp8", revision=COMMIT)
    before = len(hub.requests)
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    load_architecture("org/fp8", revision=COMMIT)
    assert len(hub.requests) == before


def test_code_in_the_repository_is_neither_fetched_nor_run(hub: Hub) -> None:
    own = {**TINY, "auto_map": {"AutoConfig": "code.Config"}}
    hub.repositories["org/plain"].files["config.json"] = json.dumps(own).encode()
    model = load_architecture("org/plain")
    assert any("auto_map" in warning for warning in model.warnings)
    assert not any("code.py" in path for path in asked(hub))


def test_progress_names_the_files(hub: Hub) -> None:
    told: list[str] = []
    fetch_config(HubReference("org/plain"), told.append)
    assert told == ["config.json", *SIDECARS, "modules.json"]


def test_a_file_on_disk_comes_before_the_hub(hub: Hub, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "org" / "plain"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(SMALLER)
    monkeypatch.chdir(tmp_path)
    assert load_architecture("org/plain").architecture.layer_count == 1  # type: ignore[union-attr]
    assert not hub.requests


# --- tokens ---------------------------------------------------------------------------------


def test_a_token_opens_gated_and_private_repositories(hub: Hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.token)
    for name in ("org/gated", "org/private"):
        assert load_architecture(name).architecture.total_parameters == PARAMETERS


def test_the_token_stays_with_the_hub(hub: Hub, monkeypatch) -> None:
    with serving({"cdn/x": Repository({"config.json": CONFIG})}) as other:
        hub.repositories["org/plain"].redirect = f"{other.address}/cdn/x/resolve/main/config.json"
        monkeypatch.setenv("HF_TOKEN", hub.token)
        fetch_config(HubReference("org/plain"))
        assert {header for _, _, header in hub.requests} == {f"Bearer {hub.token}"}
        assert other.requests
        assert {header for _, _, header in other.requests} == {""}


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "token", "words"),
    [
        ("org/gated", "", "gated; accept its terms at 127.0.0.1"),
        ("org/gated", "", "then set HF_TOKEN"),
        ("org/gated", "hf_bad", "the token in use has no access"),
        ("org/private", "", "no such repository on 127.0.0.1"),
        ("org/private", "", "or it is private: set HF_TOKEN"),
        ("org/private", "hf_bad", "the token in use may not read it"),
        ("org/none", "", "no such repository"),
        ("org/plain@nope", "", "no revision 'nope'"),
        ("org/gguf", "", "no config.json: it holds GGUF files; name the model it was made of"),
        ("org/gguf", "", "meta/Real"),
        ("org/lora", "", "it is an adapter"),
        ("org/empty", "", "the repository has no config.json"),
        ("org/broken", "", "org/broken: broken JSON at line 1"),
        ("org/forbidden", "", "forbids access (403)"),
        ("org/busy", "", "too many requests to 127.0.0.1"),
        ("org/busy", "", "try in 77 s, or set HF_TOKEN"),
        ("org/down", "", "is in trouble (error 503)"),
        ("org/odd", "", "answered 418"),
        ("org/website", "", "does not answer as a hub; check HF_ENDPOINT"),
        ("org/..", "", "not a name that the hub allows"),
        ("org/plain", "hf_\x07é", "check HF_TOKEN for characters"),
    ],
)
def test_failures_say_what_to_do(hub: Hub, monkeypatch, reference, token, words) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    message = refused(reference)
    assert words in message
    assert message.startswith(reference)
    assert not token or token not in message


def test_two_different_revisions_are_refused(hub: Hub) -> None:
    assert "expected one revision" in refused("org/plain@v1", "v2")


def test_a_large_file_is_refused_before_it_is_downloaded(hub: Hub) -> None:
    hub.repositories["org/plain"].said_size = 200_000_000
    assert "config.json: 200,000,000 bytes, expected at most" in refused("org/plain")
    assert not asked(hub, "GET")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_larger_than_the_hub_said_is_not_kept(hub: Hub, tmp_path: Path, chunked) -> None:
    repository = hub.repositories["org/plain"]
    repository.files["config.json"] = b" " * (3 * MAXIMUM_CONFIG_BYTES)
    repository.said_size, repository.chunked = (None, True) if chunked else (100, False)
    message = refused("org/plain")
    # Older clients do not take a file of unknown size at all.
    assert "more than the hub said" in message or (chunked and "does not answer as" in message)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert all(path.stat().st_size < 1000 for path in kept)


def test_a_slow_hub_is_not_waited_for(hub: Hub, monkeypatch) -> None:
    from engine.sources.hub.client import constants

    monkeypatch.setattr(constants(), "HF_HUB_ETAG_TIMEOUT", 0.2)
    hub.repositories["org/plain"].seconds = 3
    assert "no network, or too slow" in refused("org/plain")


def test_a_dripping_hub_is_not_waited_for(hub: Hub, monkeypatch) -> None:
    monkeypatch.setattr("engine.sources.hub.fetch.TOTAL_SECONDS", 0.5)
    hub.repositories["org/plain"].drip_seconds = 0.3
    assert "not done within 0.5 s" in refused("org/plain")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9", "no network: cannot connect to 127.0.0.1:9"),
        ("http://user:secret@127.0.0.1:9", "cannot connect to 127.0.0.1:9"),
        ("nonsense", "HF_ENDPOINT: found 'nonsense', expected an address"),
        ("http://[", "HF_ENDPOINT: found"),
        ("http://127.0.0.1:99999", "HF_ENDPOINT: found"),
        ("ftp://127.0.0.1", "HF_ENDPOINT: found"),
    ],
)
def test_bad_endpoints(hub: Hub, monkeypatch, address: str, words: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    message = refused("org/plain")
    assert words in message
    assert "secret" not in message


def test_a_hub_without_tls(hub: Hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.address.replace("http:", "https:"))
    assert "does not speak TLS" in refused("org/plain")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "is full; HF_HOME moves it"), (errno.EACCES, "cannot be used: permission")],
)
def test_a_cache_that_cannot_be_written(hub: Hub, monkeypatch, number: int, words: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("huggingface_hub.file_download.http_get", fail)
    assert words in refused("org/plain")


def test_a_cache_folder_that_is_a_file(hub: Hub, tmp_path: Path, monkeypatch) -> None:
    from engine.sources.hub.client import constants

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(constants(), "HF_HUB_CACHE", str(tmp_path / "file" / "hub"))
    assert "cannot be used: not a directory; HF_HOME moves it" in refused("org/plain")


# --- the cache --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["down", "gone", "offline"])
def test_a_copy_in_the_cache_serves_when_the_hub_cannot_be_asked(hub, monkeypatch, how) -> None:
    from engine.sources.hub.client import constants

    load_architecture("org/fp8")
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    if how == "down":
        hub.repositories["org/fp8"].status = 503
    elif how == "gone":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    else:
        monkeypatch.setattr(constants(), "HF_HUB_OFFLINE", True)
        hub.requests.clear()
    model = load_architecture("org/fp8")
    assert model.precision.weights.name == "fp8"
    assert any(warning.startswith("from the cache") for warning in model.warnings)
    assert how != "offline" or not hub.requests


def test_offline_without_a_copy(hub: Hub, monkeypatch) -> None:
    from engine.sources.hub.client import constants

    monkeypatch.setattr(constants(), "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set, and no copy of its config.json" in refused("org/plain")
    assert not hub.requests


def test_a_gated_repository_is_not_served_from_the_cache_in_silence(hub: Hub, monkeypatch) -> None:
    load_architecture("org/plain")
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    hub.repositories["org/plain"].gated = True
    assert "gated" in refused("org/plain")


# --- the hub's own count ------------------------------------------------------------------------


def described(capsys, *arguments: str) -> Any:
    assert run(["model", *arguments]) == 0
    out = capsys.readouterr().out
    return json.loads(out) if "--json" in arguments else out


def test_the_hubs_count_is_shown_beside_ours(hub: Hub, capsys) -> None:
    hub.repositories["org/plain"].safetensors = {"BF16": PARAMETERS}
    found = described(capsys, "org/plain", "--json")
    assert found["hub_parameters"] == found["total_parameters"] == PARAMETERS
    assert "86,848 elements in safetensors (BF16 86,848)" in described(capsys, "org/plain")


def test_packed_elements_are_explained(hub: Hub, capsys) -> None:
    hub.repositories["org/plain"].safetensors = {"I32": 10_000, "F16": 5_000}
    found = described(capsys, "org/plain", "--json")
    assert found["hub_parameters"] == 15_000
    assert found["hub_parameters_by_type"] == {"I32": 10_000, "F16": 5_000}
    assert found["hub_note"].startswith("-82.73% against the 86,848 counted here: packed weights")


@pytest.mark.parametrize("count", [None, {}, {"BF16": -5}])
def test_no_count_is_no_failure(hub: Hub, capsys, count) -> None:
    hub.repositories["org/plain"].safetensors = count
    assert described(capsys, "org/plain", "--json")["hub_parameters"] is None
    assert "offers no parameter count" in described(capsys, "org/plain")


def test_a_bundled_model_has_no_count_of_the_hub(capsys) -> None:
    assert described(capsys, "llama-2-7b", "--json")["hub_parameters"] is None


def test_the_launch_command_names_the_repository_and_its_revision(hub: Hub, tmp_path) -> None:
    import tomllib

    config = {**TINY, "hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8}
    hub.repositories["org/plain"].older["config.json"] = json.dumps(config).encode()
    path = tmp_path / "p.toml"
    # Within the 2048 tokens that a Llama has whose config does not say how many.
    lengths = ["--isl", "1K", "--osl", "256"]
    arguments = ["--model", "org/plain@v1", "--chip", "h100", "--chips", "1", *lengths]
    assert run(["plan", *arguments, "-o", str(path)]) == 0
    plan = tomllib.loads(path.read_text())
    assert plan["launch"]["command"].startswith("vllm serve org/plain ")
    assert " --revision v1 " in plan["launch"]["command"]
    assert plan["scenario"]["model"] == "org/plain@v1"


# --- references -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("org/name", "org/name", ""),
        ("org/name@v1.0", "org/name", "v1.0"),
        ("org/name@refs/pr/1", "org/name", "refs/pr/1"),
        ("https://huggingface.co/org/name", "org/name", ""),
        ("https://huggingface.co/org/name/", "org/name", ""),
        ("https://hf.co/org/name/tree/v1", "org/name", "v1"),
        ("https://huggingface.co/org/name/blob/main/config.json", "org/name", "main"),
        ("hf://org/name@v1", "org/name", "v1"),
    ],
)
def test_references(text: str, repository: str, revision: str) -> None:
    assert HubReference.parse(text) == HubReference(repository, revision)


@pytest.mark.parametrize(
    "text", ["name", "a/b/c", "org/", "/name", "org/na me", "org/n\x1b", "o/" + "n" * 300, "é/é"]
)
def test_what_is_no_reference(text: str) -> None:
    assert HubReference.parse(text) is None


# --- as a process, settings from the environment --------------------------------------------------


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    return subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        capture_output=True,
        text=True,
        env={**kept, **environment},
        cwd=Path(__file__).parents[3],
        timeout=60,
    )


def test_settings_come_from_the_environment(hub: Hub, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    settings = {"HF_ENDPOINT": hub.address, "HF_HOME": home, "HF_TOKEN": hub.token}
    first = process("model", "org/gated", "--json", **settings)
    assert (first.returncode, first.stderr) == (0, "")
    assert json.loads(first.stdout)["total_parameters"] == PARAMETERS
    hub.requests.clear()
    offline = process("model", "org/gated", "--json", HF_HOME=home, HF_HUB_OFFLINE="1")
    assert offline.returncode == 0
    assert not hub.requests


def test_a_proxy_is_used_and_named_when_it_fails(hub: Hub, tmp_path: Path) -> None:
    settings = {"HF_ENDPOINT": "http://hub.invalid", "HF_HOME": str(tmp_path), "NO_PROXY": ""}
    through = process("model", "org/plain", HTTP_PROXY=hub.address, **settings)
    assert (through.returncode, through.stderr) == (0, "")
    broken = process("model", "org/gated", HTTP_PROXY="http://u:secret@127.0.0.1:9", **settings)
    assert broken.returncode == 2
    assert "through the proxy in HTTP_PROXY" in broken.stderr
    assert "secret" not in broken.stderr
    odd = process("model", "org/gated", HTTP_PROXY="quux://127.0.0.1:9", **settings)
    assert "the proxy in HTTP_PROXY cannot be used" in odd.stderr


def test_settings_that_the_client_cannot_read(tmp_path: Path) -> None:
    done = process("model", "org/plain", HF_HUB_ETAG_TIMEOUT="soon", HF_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "check the HF_ settings" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_client_is_imported_only_for_the_hub() -> None:
    script = (
        "import sys; from engine.model.config import load_architecture, hub_reference\n"
        "load_architecture('llama-2-7b'); assert hub_reference('org/name') is not None\n"
        "assert not {'huggingface_hub', 'httpx', 'httpx2'} & set(sys.modules)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- a second file that cannot be fetched ----------------------------------------------------


@pytest.mark.parametrize("status", [500, 429, 503, 403])
def test_a_quantisation_that_cannot_be_fetched_is_an_error(hub: Hub, status: int) -> None:
    hub.repositories["org/fp8"].statuses["hf_quant_config.json"] = status
    message = refused("org/fp8")
    assert message.startswith("org/fp8: hf_quant_config.json: ")


def test_a_quantisation_that_does_not_come_in_time_is_an_error(hub: Hub, monkeypatch) -> None:
    monkeypatch.setattr("engine.sources.hub.fetch.TOTAL_SECONDS", 0.5)
    hub.repositories["org/fp8"].slow["hf_quant_config.json"] = 2.0
    assert "hf_quant_config.json: no network, or too slow" in refused("org/fp8")


def test_a_config_without_its_neighbour_is_not_kept_for_later(hub: Hub, monkeypatch) -> None:
    hub.repositories["org/fp8"].statuses["hf_quant_config.json"] = 500
    refused("org/fp8")
    hub.repositories["org/fp8"].status = 500
    assert "in trouble" in refused("org/fp8")


def test_a_copy_that_was_whole_serves_where_the_second_file_cannot_be_fetched(
    hub: Hub, monkeypatch
) -> None:
    load_architecture("org/fp8")
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    hub.repositories["org/fp8"].statuses["hf_quant_config.json"] = 500
    model = load_architecture("org/fp8")
    assert model.precision.weights.name == "fp8"
    assert any(warning.startswith("from the cache") for warning in model.warnings)
