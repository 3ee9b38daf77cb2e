"""rooftop: plans of model deployments, from Python.

>>> import rooftop
>>> plans = rooftop.plan(model="qwen3-32b", chip="h100_sxm", chips=8, tpot_ms=50, ttft_ms=2000)
>>> plans.best, len(plans), plans[:10].columns()

`plan` works out every batch, layout and precision and ranks them; `predict` says what one layout
will do. Both take the same keywords, those of a `Scenario` (all of its fields, flat):

model         ``model``, ``edits`` (a dict of config keys), ``task``, ``assume``,
              ``revision``
hardware      ``chip``, ``chips``, ``framework``, ``instances``
layouts       ``tensor``, ``pipeline``, ``expert``, ``attention_data``: one degree or several
pools         ``arrangement`` (``"aggregated"``, ``"disaggregated"``, ``"any"``), ``prefill`` and
              ``decode`` (their workers, as ``"TP1 EP8 DP8 x2"``), ``prefill_chip``,
              ``prefill_chips``, ``decode_chips``, ``prefill_precision``
precision     ``weights``, ``activations``, ``kv``; ``precisions``: further ones, as ``"W8A8"``
load          ``rate`` (requests per second of the whole deployment, else so many in flight),
              ``burstiness``
requests      ``input_spread``, ``output_spread``, ``shared_prefix_tokens``, ``turns``,
              ``think_seconds`` (until a cached context is asked for again),
              ``input_tokens``, ``output_tokens``, ``cached``, ``mode``, ``text``
              (what they are about), ``images`` (of each, to a model that sees),
              ``image_width``, ``image_height``, ``sequence_tokens``,
              ``utilisation``, ``load_imbalance``, ``max_batch``, ``fixed_batch`` (no other is
              tried), ``lengths`` (``"default"``: made to fit the model's context)
names         ``benchmark_number`` of the benchmark names that are written, ``benchmark_kind``
              (``"ftl"``: of answers of one token, the name of their first token)
objectives    ``ttft_ms``, ``tpot_ms``, ``e2e_ms``, ``latency_ms``, or named ones as ``slo``; of the
              requests that are slower than others ``ttft_p50_ms``, ``ttft_p90_ms``,
              ``ttft_p95_ms``, ``ttft_p99_ms``, ``tpot_p50_ms``, ``tpot_p90_ms``, ``tpot_p95_ms``,
              ``tpot_p99_ms``, ``itl_p50_ms``, ``itl_p90_ms``, ``itl_p95_ms``, ``itl_p99_ms``,
              ``e2e_p50_ms``, ``e2e_p90_ms``, ``e2e_p95_ms``, ``e2e_p99_ms``; ``goodput_percent``
              (of the requests, that keep every limit), ``utilised_percent`` (of the largest
              rate, at most; 90 where nobody says, ``max_utilisation``);
              ``usd_per_million_output``, ``joules_per_token`` (``cost``, ``joules``)
chip count    ``counting`` (``"auto"``: as many as ``rate`` takes, ``"auto-nodes"``: whole nodes)
ranking       ``best`` (``"throughput"`` per chip, ``"cost"``, ``"energy"``), ``certainty`` (percent
              that each limit is kept with), ``prices``: a file of dollars per chip and
              hour, ``"example"`` for the bundled one
drafts        ``draft`` (a method, or a draft's profile, path or hub id), ``draft_tokens``,
              ``drafts`` (``"auto"``: the best number), ``acceptance``
client        ``client`` (``"steady"``, ``"closed"``), ``waves``, ``spread``, ``first_token``
settings      ``memory_fraction``, ``prefill_tokens``, ``max_sequences``, ``max_context``,
              ``prefix_caching``, ``redundant_experts``, ``batch_overlap``, ``dp_lm_head``,
              ``prefill_interval``, ``rank_wait``, ``batch_wait``, ``host_cache_gib`` (behind the
              prefix cache), ``graphs`` (``"off"``: eager), ``reduce_format``, ``build``:
              those of the engine, its own defaults where left out

The command line's words are understood too: ``isl osl isl_spread osl_spread shared_prefix think
host_cache tp pp ep dp ttft tpot e2e latency goodput precision resolution image_size set number``,
limits as ``ttft_p99``, and ``engine`` for the framework. What is wrong raises `Error`, in one line.
Importing this module loads nothing heavy; numpy comes with the first question.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from importlib import import_module
from inspect import Parameter
from typing import TYPE_CHECKING

from engine import __version__
from engine.plan.face import keywords as _words
from engine.scenario import Scenario
from engine.words.errors import InputError
from engine.words.errors import RooftopError as Error
from engine.words.messages import say

if TYPE_CHECKING:
    from engine.plan.face.candidates import Candidates, Plan, Plans
    from engine.plan.face.catalogue import Catalogue

__all__ = [
    "Candidates",
    "Error",
    "Plan",
    "Plans",
    "Scenario",
    "__version__",
    "chips",
    "engines",
    "models",
    "plan",
    "predict",
    "scenario",
]

Base = Scenario | str | os.PathLike[str] | None
Count = int | Iterable[int] | None


def scenario(base: Base = None, /, **keywords: object) -> Scenario:
    """What is asked, as a value: frozen, comparable, and a ``base`` for other questions.

    ``base`` is a scenario, or the path of a plan file, whose fields stay as they are where no
    keyword says otherwise. Without one, what is left out is as on the command line: DeepSeek-V3
    on 16 H200 under vLLM, 4096 tokens in and 1024 out (fewer where that is more than the model's
    context), no objectives. Raises `Error` for a
    keyword that is unknown, said twice, or of a value that cannot be.
    """
    return _words.scenario_with(_base(base) or _words.START, _words.checked(keywords))


def plan(base: Base = None, /, **keywords: object) -> Plans:
    """Every batch in every layout and precision, ranked under the objectives: best first.

    ``plans[0]``, slices and iteration give plans, ``plans.columns()`` a dict of numpy arrays for a
    data frame, ``plans.best`` the answer (None where nothing meets the objectives, then see
    ``plans.nearest``), ``print(plans)`` its sentence. Layouts are all legal ones, or of the
    degrees given. See `scenario` for ``base`` and the keywords. Raises `Error`.
    """
    from engine.plan.face.candidates import plans_of, with_its_framework
    from engine.plan.lengths import with_fitting_lengths

    given = _words.checked(keywords)
    made = _words.scenario_with(_base(base) or _words.START, given)
    if base is None and "framework" not in given:
        made = with_its_framework(made)
    plans = plans_of(with_fitting_lengths(made))
    _warn_of_idle(keywords, plans)
    return plans


def predict(
    base: Base = None, /, *, batch: Count = None, concurrency: Count = None, **keywords: object
) -> Candidates:
    """What one layout will do: a row for each ``batch`` or ``concurrency``, in that order.

    ``batch`` is requests in flight per replica, ``concurrency`` in the whole deployment; one of
    them, as a number or several. ``tp=8`` alone is plain TP8: degrees left out are 1. ``chips``
    hold as many replicas as fit; without it there is one. With ``rate`` there is one row, at that
    rate, and neither of the two. Requests beyond what memory holds or
    the scheduler admits wait: such a row does not fit, but has figures. With several
    ``precisions`` the rows are repeated for each. See `scenario` for ``base`` and the keywords.
    Raises `Error`.
    """
    from engine.plan.face.candidates import predictions_of, with_its_framework
    from engine.plan.lengths import with_fitting_lengths
    from engine.serve.call import Batch, Concurrency, Rate, Size

    given = _words.checked(keywords)
    made = _words.with_one_layout(_base(base), given)
    asked = [one for one in (batch, concurrency, made.workload.rate or None) if one is not None]
    if len(asked) != 1:
        found = "neither" if not asked else "both" if not made.workload.rate else "a rate and more"
        raise InputError(
            say(
                "predict: found {found} of batch and concurrency, expected one of them", found=found
            )
        )
    if base is None and "framework" not in given:
        made = with_its_framework(made)
    sizes: list[Size] = [Rate(made.workload.rate)] if made.workload.rate else []
    if batch is not None:
        sizes = [Batch(one) for one in _words.counts("batch", batch)]
    elif concurrency is not None:
        sizes = [Concurrency(one) for one in _words.counts("concurrency", concurrency)]
    rows = predictions_of(with_fitting_lengths(made), sizes)
    _warn_of_idle(keywords, rows)
    return rows


def chips() -> Catalogue:
    """Every chip that has a name, one's own included: ``list(rooftop.chips())`` are the names,
    ``rooftop.chips()["h100_sxm"]`` the facts of one, ``.columns()`` those of all for a data
    frame."""
    from engine.plan.face import catalogue

    return catalogue.chips()


def models() -> Catalogue:
    """Every model that has a profile, as `chips` has the chips. Files, folders, hub ids and the
    vision models of timm and torchvision can be looked up and planned as well."""
    from engine.plan.face import catalogue

    return catalogue.models()


def engines() -> Catalogue:
    """Every serving engine that has a name, as `chips` has the chips."""
    from engine.plan.face import catalogue

    return catalogue.engines()


def _base(base: Base) -> Scenario | None:
    if base is None or isinstance(base, Scenario):
        return base
    from engine.plan.saved.plan_file import load_plan
    from engine.sources.files import user_path

    return load_plan(user_path(os.fspath(base))).scenario


def _warn_of_idle(given: Iterable[str], found: Candidates) -> None:
    note = _words.idle_note(given, found.kind)
    if note:
        warnings.warn(note, stacklevel=3)


def _keyword(name: str) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None)


# Notebooks show and complete these.
scenario.__signature__ = _words.signature(returns="Scenario")  # type: ignore[attr-defined]
plan.__signature__ = _words.signature(returns="Plans")  # type: ignore[attr-defined]
predict.__signature__ = _words.signature(  # type: ignore[attr-defined]
    _keyword("batch"), _keyword("concurrency"), returns="Candidates"
)

_LATE = dict.fromkeys(("Candidates", "Plan", "Plans"), "engine.plan.face.candidates")


def __getattr__(name: str) -> object:
    """The classes of what is found; they come with numpy, so not before they are asked for."""
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'rooftop' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


if __name__ == "__main__":
    # `python -m rooftop` is the command; by its name, for the command stands above this module.
    from runpy import run_module

    run_module("tui", run_name="__main__")
