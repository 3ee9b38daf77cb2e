"""A benchmark name as a scenario: what it names is set, all else stays as it was chosen.

``TPS001-Llama2-70B-S4K-01-W4A16-B16`` names a model, its lengths, its precision and one batch that
is served at once. Models are found however they are spelt (``Llama2``, ``Llama-2``, ``llama_2``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.model.config import LoadedModel, hub_reference, load_architecture, read_raw
from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.index import named_architectures
from engine.model.kinds import ModelKind
from engine.model.model_profiles import model_names, spelling
from engine.model.precision import Precision, parse_precision
from engine.plan.names.benchmark import BenchmarkName, EncoderName, FpsName, FtlName, TpsName
from engine.plan.names.model_names import fps_model, model_and_size
from engine.plan.names.parse import parse_name
from engine.scenario import Lengths, Mode, NameKind, Objectives, Scenario, Task, Workload
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, closest

SIZE_TOLERANCE = 0.1
"""By how much the size of a name may differ from the model's own count: checkpoints hold layers
that others do not count."""
UNCHOSEN = Scenario().objectives
_BILLIONS = {"M": 1e-3, "B": 1.0, "T": 1e3}


def named_scenario(text: str, base: Scenario) -> Scenario:
    """``base`` with what a benchmark name says; raises `InputError` that points at the field that
    cannot be read, or names the model that is not known."""
    name = parse_name(text)
    loaded = _model_of(name, base)
    start = base if loaded.reference == base.model else base.of_model(loaded.reference)
    weights, activations = _formats(name, loaded, start)
    return replace(
        start,
        weights=weights,
        activations=activations,
        precisions=(),
        workload=_workload(name, start.workload),
        # A name has no limits, so that those nobody chose do not judge it.
        objectives=_chosen(start.objectives),
        max_batch=None,
        fixed_batch=name.batch,
        benchmark_number=name.number,
        benchmark_kind=NameKind.FIRST_TOKEN if isinstance(name, FtlName) else NameKind.THROUGHPUT,
    )


def _workload(name: BenchmarkName, start: Workload) -> Workload:
    """The lengths of a name; a static batch, since names know of no arrivals."""
    match name:
        case TpsName() | FtlName():
            return replace(
                start,
                input_tokens=name.input_tokens,
                output_tokens=name.output_tokens if isinstance(name, TpsName) else 1,
                lengths=Lengths.CHOSEN,
                mode=Mode.STATIC,
            )
        case FpsName():
            return replace(start, image_width=name.width, image_height=name.height)
        case EncoderName():
            return replace(start, sequence_tokens=name.input_tokens)


def _formats(name: BenchmarkName, loaded: LoadedModel, base: Scenario) -> tuple[str, str]:
    """Formats of weights and activations by the name's bits: nothing where the checkpoint has them
    anyway; eight bits are integers on chips that multiply no others."""
    asked = f"W{name.weight_bits}A{name.activation_bits}"
    if loaded.precision.name == asked:
        return "", ""
    found = formats_of(asked, load_chip(base.chip), images=isinstance(name, FpsName))
    return found.weights.name, found.activations.name


def with_precision(scenario: Scenario, text: str) -> Scenario:
    """The scenario in the precision that a shorthand (``W4A16``) or a format names, and in no
    other; raises `InputError`. That of the checkpoint is the checkpoint's own."""
    own = resolve(replace(scenario, weights="", activations="", precisions=()))
    precision, images = own.model.precision, own.model.architecture.kind is ModelKind.FORWARD
    if precision.name == text.strip().upper():
        return replace(scenario, weights="", activations="", precisions=())
    found = formats_of(text.strip(), own.chip, images=images)
    return replace(
        scenario,
        weights=found.weights.name,
        activations=found.activations.name,
        kv=found.kv.name if "KV" in text.upper() else scenario.kv,
        precisions=(),
    )


def formats_of(shorthand: str, chip: Chip, *, images: bool = False) -> Precision:
    """The formats that bits stand for on a chip; raises `InputError`. Eight bits are integers where
    it multiplies no others, and for ``images``."""
    found = parse_precision(shorthand)
    integers = "int8" in chip.peak_flops and (images or "fp8" not in chip.peak_flops)
    if not (integers and found.activations.bits == 8):
        return found
    whole = parse_precision("int8")
    weights = whole.weights if found.weights.bits == 8 else found.weights
    return Precision(weights, whole.activations, found.kv)


# --- which model ------------------------------------------------------------------------------


def _model_of(name: BenchmarkName, base: Scenario) -> LoadedModel:
    """The model that a name means: the one at hand where it goes by that name, else a known one."""
    resolution = (name.width, name.height) if isinstance(name, FpsName) else None
    tokens = name.input_tokens if isinstance(name, EncoderName) else 0
    own = _loaded(base.model, base, resolution, tokens)
    if own is not None and _is(name, own):
        return own
    near: list[str] = []
    for reference in _references(name):
        found = _loaded(reference, None, resolution, tokens)
        if found is not None and _is(name, found):
            return found
        near += [_called(found)] if found is not None else []
    asked = _asked(name)
    known = [*model_names(), *named_architectures()]
    near = near or closest(asked.lower(), known, 3, 0.5)
    hint = (
        say("; nearest: {fromkeys}", fromkeys=", ".join(list(dict.fromkeys(near))[:3]))
        if near
        else say("; rooftop models lists the names")
    )
    raise InputError(
        say("benchmark name: no model is called {asked}{hint}", asked=clean(asked, 80), hint=hint)
    )


def _loaded(
    reference: str, base: Scenario | None, resolution: tuple[int, int] | None, tokens: int
) -> LoadedModel | None:
    """A model; None where it cannot be read, or not in the size asked for."""
    from engine.sources.hub import remembered

    revision, assume = (base.revision, base.assume) if base is not None else ("", "")
    edits = base.edits if base is not None else ()
    task = base.task if base is not None else Task.AUTO
    try:
        fetched = hub_reference(reference, revision)
        if fetched is not None and remembered(fetched) is None:
            return None
        return load_architecture(
            reference,
            edits,
            assume=assume,
            revision=revision,
            resolution=resolution,
            sequence=tokens,
            task=task,
        )
    except InputError:
        return None


def _asked(name: BenchmarkName) -> str:
    return f"{name.model}-{name.size if isinstance(name, TpsName | FtlName) else name.version}"


def _references(name: BenchmarkName) -> Iterator[str]:
    """Known names that may be meant, the likeliest first."""
    whole, alone = spelling(_asked(name)), spelling(name.model)
    if isinstance(name, TpsName | FtlName):
        names = model_names()
        yield from (one for one in names if spelling(one) == whole)
        yield from (one for one in names if _split(one) == (alone, name.size.upper()))
        yield from (one for one in names if spelling(one) == alone)
        yield from (one for one in names if spelling(read_raw(one).name) == whole)
        return
    names = (*model_names(), *named_architectures())
    yield from (one for one in names if spelling(one) == whole)
    yield from (one for one in names if spelling(one) == alone)
    yield from (one for one in names if spelling(fps_model(one, name.version)) == alone)
    yield from (one for one in model_names() if spelling(read_raw(one).name) == alone)


def _split(reference: str) -> tuple[str, str]:
    model, size = model_and_size(reference, 0)
    return spelling(model), size.upper()


def _is(name: BenchmarkName, loaded: LoadedModel) -> bool:
    """Whether a model is of the kind, the name and the size or version that a name says."""
    architecture = loaded.architecture
    if isinstance(architecture, ForwardArchitecture):
        if isinstance(name, TpsName | FtlName):
            return False
        same = spelling(fps_model(loaded.name, architecture.version)) == spelling(name.model)
        version, asked = (architecture.version or "V1").lower(), name.version.lower()
        # ``V1`` is any of version 1: ``V1.5`` is what is served under that name.
        told = asked in {version, ""} or version.startswith(f"{asked}.")
        return (same or _means(name, loaded)) and told
    if not isinstance(name, TpsName | FtlName):
        return False
    return _means(name, loaded) and _has_size(name, loaded.name, architecture.total_parameters)


def _means(name: BenchmarkName, loaded: LoadedModel) -> bool:
    """Whether a model goes by a name, with or without its size or version."""
    asked = {spelling(name.model), spelling(_asked(name))}
    known = {spelling(one) for one in (loaded.name, loaded.reference)}
    split = model_and_size(loaded.name, 0)[0]
    return bool(asked & {*known, spelling(split)})


def _has_size(name: TpsName | FtlName, model: str, parameters: int) -> bool:
    """Whether a size is the model's: that of its own name, or about its count of parameters."""
    if name.size.upper() == model_and_size(model, parameters)[1].upper():
        return True
    if spelling(_asked(name)) == spelling(model):
        return True
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([MBT])", name.size.upper())
    if found is None:
        return False
    asked = float(found[1]) * _BILLIONS[found[2]] * 1e9
    return abs(asked / parameters - 1.0) <= SIZE_TOLERANCE


def _called(loaded: LoadedModel) -> str:
    """How names call a model, for a hint."""
    architecture = loaded.architecture
    if isinstance(architecture, ForwardArchitecture):
        version = architecture.version or "V1"
        return f"{fps_model(loaded.name, architecture.version)}-{version}"
    return "-".join(model_and_size(loaded.name, architecture.total_parameters))


def _chosen(objectives: Objectives) -> Objectives:
    """The limits that somebody chose; headroom is everybody's."""
    used = objectives.utilised_percent
    usual = objectives == replace(UNCHOSEN, utilised_percent=used)
    return Objectives(utilised_percent=used) if usual else objectives
