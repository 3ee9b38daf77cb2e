"""One neutral description of a language model, whatever its config.json was called.

A model is a sequence of layers; equal layers share one `engine.model.blocks.Block`. A block is made
of weight matrices (`engine.model.matrices`: every dense matrix product the layer does), cores
(`engine.model.cores`: what mixes tokens) and, in mixture-of-experts layers, a bank of routed
experts. Parameter counts, active parameters and cache sizes are sums over these parts, so a dialect
that lists the parts right has the counts right.

Nothing here knows time, chips or parallel layouts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from engine.model.blocks import Block, ImageTower, LayerGroup
from engine.model.cores import AttentionCore, LatentCore, StateCore
from engine.model.kinds import ModelCategory, ModelKind
from engine.model.matrices import Matrix
from engine.words.messages import say


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that the file did not give, and where it came from instead."""

    key: str
    value: str
    reason: str

    @property
    def words(self) -> str:
        """The key with its value, and why, as one message."""
        return say("{key} = {value} ({reason})", key=self.key, value=self.value, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a model is. Counts follow one convention:

    total = layers + embeddings + LM head (once when tied) + final norm + other towers, without
    multi-token-prediction layers. active = the same with ``top_k`` instead of all experts; the
    embedding table and the towers count in full, as published headlines do.
    """

    kind: ClassVar[ModelKind] = ModelKind.TOKENS
    category: ClassVar[ModelCategory] = ModelCategory.LANGUAGE

    name: str
    model_type: str
    hidden_size: int
    vocabulary_size: int
    layers: tuple[LayerGroup, ...]
    embedding_parameters: int
    lm_head: Matrix
    tied_embeddings: bool
    other_parameters: int = 0
    """Final norm, learned positions, embedding norms."""
    tower_parameters: int = 0
    """Vision and audio towers with their projectors."""
    shared: tuple[LayerGroup, ...] = ()
    """What layers hold in common with an earlier layer: in each layer's block (each layer does
    its work), held once (Zamba)."""
    prediction_layers: tuple[LayerGroup, ...] = ()
    """Multi-token-prediction layers; in no count but their own."""
    prediction_other_parameters: int = 0
    predicts_blocks: bool = False
    """Its prediction layers are stages of one pass that drafts a whole block (DSpark), not modules
    that draft one token each."""
    maximum_positions: int = 0
    torch_dtype: str = "bfloat16"
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[str, ...] = ()
    encoder: tuple[LayerGroup, ...] = ()
    """Layers of an encoder that every request passes once before its first token; their elements
    are among ``tower_parameters``."""
    denoises: bool = False
    """Text comes out of many passes over blocks (diffusion), not token after token."""
    draft: str = ""
    """What kind of draft it is, which speculates for another model; "" for a model."""
    uncounted: tuple[str, ...] = ()
    """Parts of the checkpoint that are in no count, as the config names them."""
    residual_streams: int = 1
    """Hidden states that layers hand on beside each other (hyper-connections, AltUp)."""
    images: ImageTower | None = None
    """What images of a request pass; None where there is no such tower, or none is described."""

    def blocks(self) -> Iterator[tuple[Block, int]]:
        """Every kind of layer with its count."""
        for group in self.layers:
            yield group.block, group.count

    @property
    def layer_count(self) -> int:
        """Decoder layers, without multi-token prediction."""
        return sum(group.count for group in self.layers)

    @property
    def generates(self) -> bool:
        """False for a checkpoint that embeds or scores: it has no LM head."""
        return self.lm_head.name == "lm_head"

    @property
    def source_tokens(self) -> int:
        """What the encoder makes of any request (Whisper's 1500 frames); 0 where it makes as many
        as the prompt has tokens, or there is none."""
        cores = (core for block, _ in self.blocks() for core in block.cores)
        return max(
            (core.source_tokens for core in cores if isinstance(core, AttentionCore)), default=0
        )

    @property
    def head_parameters(self) -> int:
        """The LM head's own elements: 0 when it shares the embedding's."""
        bias = self.lm_head.outputs if self.lm_head.bias else 0
        return bias if self.tied_embeddings else self.lm_head.parameters

    @property
    def shared_parameters(self) -> int:
        """Elements that layers hold in common with an earlier layer."""
        return sum(group.count * group.block.parameters for group in self.shared)

    @property
    def total_parameters(self) -> int:
        """All elements by the convention above."""
        layers = sum(group.count * group.block.parameters for group in self.layers)
        return layers + self._parameters_around_layers

    @property
    def active_parameters(self) -> int:
        """Elements one token uses by the convention above."""
        layers = sum(group.count * group.block.active_parameters for group in self.layers)
        return layers + self._parameters_around_layers

    @property
    def _parameters_around_layers(self) -> int:
        """Elements outside the layers, less those that layers hold in common."""
        return (
            self.embedding_parameters
            + self.head_parameters
            + self.other_parameters
            + self.tower_parameters
            - self.shared_parameters
        )

    @property
    def prediction_parameters(self) -> int:
        """Elements of the multi-token-prediction layers."""
        layers = sum(group.count * group.block.parameters for group in self.prediction_layers)
        return layers + self.prediction_other_parameters

    @property
    def is_mixture(self) -> bool:
        """True when any layer has routed experts."""
        return any(block.experts is not None for block, _ in self.blocks())

    @property
    def expert_count(self) -> int:
        """Routed experts of the largest bank; 0 for dense models."""
        return max((b.experts.count for b, _ in self.blocks() if b.experts), default=0)

    @property
    def query_heads(self) -> int:
        """The most query heads of any softmax or latent core; 0 for pure state-space models."""
        heads = [0]
        for block, _ in self.blocks():
            for core in block.cores:
                if isinstance(core, AttentionCore):
                    heads.append(core.query_heads)
                elif isinstance(core, LatentCore):
                    heads.append(core.heads)
        return max(heads)

    def cached_elements_per_token(self) -> float:
        """Cache elements per token at short context, over all layers and one replica."""
        return sum(
            count * core.cached_elements_per_token
            for block, count in self.blocks()
            for core in block.cores
            if not isinstance(core, StateCore)
        )

    def unbounded_cached_elements_per_token(self) -> float:
        """The part that keeps growing with context: layers without a window."""
        return sum(
            count * core.cached_elements_per_token
            for block, count in self.blocks()
            for core in block.cores
            if not isinstance(core, StateCore) and core.window is None
        )
