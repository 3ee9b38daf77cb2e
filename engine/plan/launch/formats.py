"""How a precision is launched: the cache's format, and weights that the engine quantises itself."""

from __future__ import annotations

from collections.abc import Iterator

from engine.hardware.launch_table import LaunchTable, Spelling
from engine.model.matrices import Role
from engine.model.precision import Precision
from engine.plan.launch.published import published_checkpoint
from engine.plan.launch.remark import Gap, Note, Remark
from engine.plan.prepared import Prepared
from engine.words.messages import say

OWN = "own"
"""The key of a launch table that spells the checkpoint's own format of the cache."""


def cache_spelling(prepared: Prepared, precision: Precision, table: LaunchTable) -> Spelling | None:
    """How the table spells the format of the cache; None where it has no word for it."""
    own = prepared.model.precision.kv.name == precision.kv.name
    if own and OWN in table.kv:
        return table.kv[OWN]
    return table.kv.get(precision.kv.name)


def online_spelling(
    prepared: Prepared, precision: Precision, table: LaunchTable
) -> Spelling | None:
    """How the table spells what the engine shall quantise the checkpoint to; None where nothing
    is to be done, or it cannot."""
    own = prepared.model.precision
    if _same_weights(own, precision) or own.weights.bits < 16:
        return None
    return table.online.get(precision.weights.name)


def expert_fields(prepared: Prepared, precision: Precision) -> dict[str, str]:
    """The format of a mixture's experts, as engines choose the kernels of theirs by it."""
    if not prepared.architecture.is_mixture:
        return {}
    return {f"experts_{precision.weight_format(Role.ROUTED_EXPERT).name}": "true"}


def served_checkpoint(prepared: Prepared, precision: Precision, table: LaunchTable) -> str:
    """The published checkpoint that serves a precision which neither the model's own has nor the
    engine makes of it; empty where there is no need for one, or none is known."""
    if _same_weights(prepared.model.precision, precision):
        return ""
    if online_spelling(prepared, precision, table) is not None:
        return ""
    return published_checkpoint(prepared, precision)


def format_gaps(
    prepared: Prepared, precision: Precision, table: LaunchTable | None, version: tuple[int, ...]
) -> Iterator[Remark]:
    """What no flag says of the formats. Without a table nothing is said at all."""
    own, engine = prepared.model.precision, prepared.framework.name
    spelled = table and cache_spelling(prepared, precision, table)
    if not (spelled and spelled.known_to(version)) and (table or own.kv != precision.kv):
        yield Gap(
            say("the {cache} cache: {engine} is not told", cache=precision.kv.name, engine=engine)
        )
    if not _same_weights(own, precision):
        online = table and online_spelling(prepared, precision, table)
        published = table and served_checkpoint(prepared, precision, table)
        if published:
            yield Note(
                say(
                    "{weights} weights: {checkpoint} is served in place of the model's own; which "
                    "layers it stores so its own config says (--model {checkpoint})",
                    weights=precision.weights.name,
                    checkpoint=published,
                )
            )
        elif not (online and online.known_to(version)):
            yield Gap(
                say(
                    "{weights} weights: {engine} does not make them of a {own} checkpoint by "
                    "itself; serve a checkpoint stored so",
                    weights=precision.weights.name,
                    engine=engine,
                    own=own.weights.name,
                )
            )
    elif own.activations != precision.activations:
        yield Gap(
            say(
                "{activations} activations: {engine} is not told",
                activations=precision.activations.name,
                engine=engine,
            )
        )


def _same_weights(own: Precision, precision: Precision) -> bool:
    """Whether a checkpoint is served as it is stored."""
    return (own.weights, own.plain, own.overrides) == (
        precision.weights,
        precision.plain,
        precision.overrides,
    )
