"""What forward dialects ask of a config beside their own keys: input size, classes, task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.model.forward.architecture import ForwardArchitecture, Image, Input, Text
from engine.model.forward.parts import Network, Shape
from engine.model.keys import MISSING, Keys
from engine.words.errors import InputError
from engine.words.messages import say

MAXIMUM_SIDE = 16_384
MAXIMUM_CHANNELS = 65_536
MAXIMUM_BLOCKS = 1_000

Resolution = tuple[int, int]
"""Width and height in pixels."""


def resolution_of_text(source: str, resolution: Resolution) -> InputError:
    """The refusal of an image size for a text encoder."""
    width, height = resolution
    return InputError(
        say(
            "{source}: resolution: found {width}x{height}, expected none for a "
            "text encoder; its length in tokens is --isl",
            source=source,
            width=width,
            height=height,
        )
    )


@dataclass
class Source:
    """A config on its way through a dialect: its keys and the input size that was asked for."""

    keys: Keys
    resolution: Resolution | None = None
    """Of an image; None: the model's own."""
    sequence: int = 0
    """Tokens of a sequence of text; 0: the model's own."""
    notes: list[str] = field(default_factory=list)
    """Assumptions in words, beside those that the keys remember."""

    def network(self) -> Network:
        """An empty network that names this file in its errors."""
        return Network(self.keys.source)

    def image(
        self, *, default: int = 224, channels: tuple[str, ...] = ("num_channels", "in_chans")
    ) -> Shape:
        """The input image: the size asked for, else the config's, else the family's."""
        depth = self.keys.integer(*channels, default=3, maximum=64)
        if self.resolution is None:
            height, width = self.pair("image_size", "img_size", "input_size", default=default)
        else:
            width, height = self.resolution
            self.keys.ignore("image_size", "img_size", "input_size")
        for side in (height, width):
            if not 1 <= side <= MAXIMUM_SIDE:
                raise InputError(
                    say(
                        "{source}: resolution {width}x{height}, expected sides from 1 to "
                        "{MAXIMUM_SIDE}",
                        source=self.keys.source,
                        width=width,
                        height=height,
                        MAXIMUM_SIDE=MAXIMUM_SIDE,
                    )
                )
        return Shape(depth, height, width)

    def tokens(self, usable: int, why: str) -> int:
        """The length of a sequence: the one asked for, else the config's, else all ``usable``
        positions; ``why`` says where these come from."""
        if self.resolution is not None:
            raise resolution_of_text(self.keys.source, self.resolution)
        stated = self.option_integer("sequence_length", 0)
        if self.sequence > usable:
            raise InputError(
                say(
                    "{source}: sequence length: found {sequence}, expected at most {usable}, {why}",
                    source=self.keys.source,
                    sequence=self.sequence,
                    usable=usable,
                    why=why,
                )
            )
        if self.sequence:
            return self.sequence
        if stated > usable:
            raise self.keys.problem(
                "sequence_length", stated, say("at most {usable}, {why}", usable=usable, why=why)
            )
        if not stated:
            self.notes.append(f"sequence length {usable}, all positions there are")
        return stated or usable

    def fixed_image(self) -> Shape:
        """The input image of a model whose weights hold for one size; raises for another."""
        own = self.pair("image_size", default=224)
        image = self.image()
        if (image.height, image.width) != own:
            raise InputError(
                say(
                    "{source}: resolution {width}x{height}, expected {own}x{own_2}, "
                    "the only one its weights hold for",
                    source=self.keys.source,
                    width=image.width,
                    height=image.height,
                    own=own[1],
                    own_2=own[0],
                )
            )
        return image

    def pair(
        self, *names: str, default: int | None = None, maximum: int = MAXIMUM_SIDE
    ) -> tuple[int, int]:
        """(Height, width) given as one figure, as [height, width] or [channels, height, width]."""
        name, value = self.keys.raw(*names)
        if isinstance(value, list):
            sides = self.keys.integers(*names, minimum=1, maximum=maximum) or []
            if len(sides) not in (2, 3):
                raise self.keys.problem(name, value, say("one figure or [height, width]"))
            return sides[-2], sides[-1]
        if isinstance(value, dict):
            inner = self.keys.scope(*names, model_type=self.keys.model_type)
            if inner is not None:
                height = inner.integer("height", maximum=maximum)
                return height, inner.integer("width", maximum=maximum)
        missing = MISSING if default is None else default
        side = self.keys.integer(*names, default=missing, maximum=maximum)
        return side, side

    def multiple(self, image: Shape, factor: tuple[int, int], what: str) -> None:
        """Raise when the image is no multiple of ``factor`` (height, width)."""
        if image.height % factor[0] or image.width % factor[1]:
            wanted = f"{factor[1]}" if factor[0] == factor[1] else f"{factor[1]}x{factor[0]}"
            raise InputError(
                say(
                    "{source}: resolution {width}x{height}, expected multiples of {wanted}, {what}",
                    source=self.keys.source,
                    width=image.width,
                    height=image.height,
                    wanted=wanted,
                    what=what,
                )
            )

    def widths(self, *names: str, count: int = 0) -> list[int]:
        """A list of channel counts, ``count`` of them when given."""
        return self._list(names, count, MAXIMUM_CHANNELS)

    def depths(self, *names: str, count: int = 0) -> list[int]:
        """A list of block counts."""
        return self._list(names, count, MAXIMUM_BLOCKS)

    def _list(self, names: tuple[str, ...], count: int, maximum: int) -> list[int]:
        expected = say("a list of whole numbers")
        self._required(names, expected)
        values = self.keys.integers(*names, minimum=1, maximum=maximum)
        if values is None:
            raise self.keys.problem(names[0], self.keys.raw(*names)[1], expected)
        if not values or len(values) > 32 or (count and len(values) != count):
            raise self.keys.problem(
                names[0], values, say("a list of {count} numbers", count=count or "1 to 32")
            )
        return values

    def _required(self, names: tuple[str, ...], expected: str) -> None:
        """The top level of a file may not leave its dimensions to class defaults."""
        if not self.keys.nested and not self.keys.has(*names):
            raise self.keys.problem(names[0], MISSING, expected)

    def width(self, *names: str, default: int | None = None) -> int:
        """A channel count; without ``default`` the file must give it."""
        if default is None:
            self._required(names, say("a whole number"))
        return self.keys.integer(
            *names, default=MISSING if default is None else default, maximum=MAXIMUM_CHANNELS
        )

    def blocks(self, *names: str, default: int | None = None) -> int:
        """A number of blocks; without ``default`` the file must give it."""
        if default is None:
            self._required(names, say("a whole number"))
        return self.keys.integer(
            *names, default=MISSING if default is None else default, maximum=MAXIMUM_BLOCKS
        )

    def ratio(self, *names: str, default: float | None = None, maximum: float = 64.0) -> float:
        """A positive factor."""
        value = self.keys.number(*names, default=MISSING if default is None else default)
        if not 0 < value <= maximum:
            raise self.keys.problem(
                names[0], value, say("a number above 0, at most {largest:g}", largest=maximum)
            )
        return value

    # Keys that transformers does not have: absent, they are simply off. ----------------------

    def option(self, name: str, default: bool = False) -> bool:
        """An additional switch."""
        return self.keys.flag(name) if self.keys.has(name) else default

    def option_number(self, name: str, default: float, maximum: float = 65_536) -> float:
        """An additional figure, 0 or more."""
        if not self.keys.has(name):
            return default
        value = self.keys.number(name)
        if not 0 <= value <= maximum:
            raise self.keys.problem(
                name, value, say("a number from 0 to {largest:g}", largest=maximum)
            )
        return value

    def option_integer(self, name: str, default: int, maximum: int = MAXIMUM_CHANNELS) -> int:
        """An additional whole number, 0 or more."""
        if not self.keys.has(name):
            return default
        return self.keys.integer(name, minimum=0, maximum=maximum)

    def option_text(self, name: str, *known: str) -> str:
        """An additional text out of ``known``, the first when absent."""
        return self.choice(name, *known) if self.keys.has(name) else known[0]

    def choice(self, name: str, *known: str, default: str | None = None) -> str:
        """A text out of ``known``."""
        value = self.keys.text(name, default=MISSING if default is None else default)
        if value not in known:
            raise self.keys.problem(name, value, say("one of {names}", names=", ".join(known)))
        return value

    def expect(self, name: str, value: int, why: str = "") -> None:
        """Raise when the file gives another ``name`` than the one that follows from the rest, or,
        without a ``why``, than the only one that is understood."""
        _, given = self.keys.raw(name)
        if given is not MISSING and given is not None and given != value:
            only = say("{value}, the only one understood", value=value)
            expected = say("{value}, {why}", value=value, why=why) if why else only
            raise self.keys.problem(name, given, expected)

    # Heads ----------------------------------------------------------------------------------

    def task(self, *suffixes: str) -> str:
        """Which of ``suffixes`` the class in ``architectures`` ends with; the first when the file
        names none. Raises `InputError` for a class whose head is not known here."""
        name, value = self.keys.raw("architectures")
        if value is MISSING or value is None or value == []:
            return suffixes[0]
        if not isinstance(value, list) or not isinstance(value[0], str):
            raise self.keys.problem(name, value, say("a list of class names"))
        for suffix in suffixes:
            if value[0].endswith(suffix):
                return suffix
        expected = ", ".join(f"…{suffix}" for suffix in suffixes)
        raise self.keys.problem(
            name, value[0], say("a class that ends with {names}", names=expected)
        )

    def classes(self) -> int:
        """Classes of an image classifier; 0 for a bare backbone."""
        if self.task("ForImageClassification", "Model", "Backbone") != "ForImageClassification":
            return 0
        return self.labels()

    @property
    def tied(self) -> bool:
        """Whether a head that predicts words has the embedding's matrix."""
        return self.keys.values.get("tie_word_embeddings") is not False

    def labels(self) -> int:
        """How many labels the config names; transformers' own default is 2."""
        _, names = self.keys.raw("id2label")
        given = self.keys.optional_integer("num_labels", "num_classes", maximum=1_000_000)
        self.keys.ignore("label2id")
        if given is not None:
            return given
        if isinstance(names, dict) and names:
            return len(names)
        self.keys.assume("num_labels", 2, say("class default of {name}", name="transformers"))
        return 2

    def done(
        self, network: Network, image: Shape, family: str, version: str = ""
    ) -> ForwardArchitecture:
        """The finished architecture of a vision model, still without its name."""
        return self._finished(network, Image(image.width, image.height), family, version)

    def done_encoder(self, network: Network, tokens: int, family: str) -> ForwardArchitecture:
        """The finished architecture of a text encoder, still without its name."""
        return self._finished(network, Text(tokens), family, "")

    def _finished(
        self, network: Network, size: Input, family: str, version: str
    ) -> ForwardArchitecture:
        return ForwardArchitecture(
            name="",
            family=family,
            input=size,
            layers=tuple(network.layers),
            version=version,
            assumptions=tuple(self.notes),
        )


Reader = Callable[[Source], ForwardArchitecture]
