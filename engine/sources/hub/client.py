"""The one place that touches huggingface_hub: late, quiet, and with an end to waiting."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar
from urllib.parse import urlsplit

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

Result = TypeVar("Result")


def client() -> Any:
    """The ``huggingface_hub`` module, imported now and kept from writing to the terminal.

    Small files come over plain HTTP, which keeps to proxies and timeouts; the client's other
    transport and its statistics, each with requests of their own, are switched off unless the
    environment asks for them.
    """
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    warnings.filterwarnings("ignore", module=r"huggingface_hub(\..*)?")
    try:
        module = import_module("huggingface_hub")
        utilities = import_module("huggingface_hub.utils")
        import_module("huggingface_hub.errors")
        constants()
    except Exception as error:
        # It reads numbers from the environment while it is imported.
        raise InputError(
            say(
                "huggingface_hub cannot be imported ({name}); check the HF_ "
                "settings in the environment",
                name=type(error).__name__,
            )
        ) from None
    # Its messages hold text from the server; what matters is said in our own words.
    utilities.logging.set_verbosity(utilities.logging.CRITICAL)
    if constants().HF_HUB_DISABLE_PROGRESS_BARS is None:
        utilities.disable_progress_bars()
    return module


def constants() -> Any:
    """The client's settings, as it read them from the environment (``HF_*``)."""
    return import_module("huggingface_hub.constants")


def endpoint() -> str:
    """Where the hub is: ``HF_ENDPOINT`` or the public one; raises `InputError` for no address."""
    given = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    address = given or constants().ENDPOINT
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname)
        known = known and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise InputError(
            say(
                "HF_ENDPOINT: found {address!r}, expected an address as https://huggingface.co",
                address=clean(address, 80),
            )
        )
    return str(address)


def host_of(address: str) -> str:
    """The host in an address, without what may be secret in it."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that cannot be read"
    return clean(f"{host}:{port}" if port else host, 80)


def proxy_variable(address: str) -> str:
    """The environment variable that names the proxy on the way to ``address``, or empty."""
    from urllib.request import proxy_bypass

    parts = urlsplit(address)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return ""
    names = (f"{parts.scheme}_proxy", "all_proxy")
    return next((n.upper() for n in names if os.environ.get(n) or os.environ.get(n.upper())), "")


def has_token() -> bool:
    """Whether the client sends a token (``HF_TOKEN`` or a login)."""
    return bool(client().get_token())


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What ``work`` returns or raises, or `TimeoutError` after ``seconds``.

    The client bounds each wait on a socket but not their sum: a server that sends one byte a
    second, or says when to come back, would hold it forever. The work goes on in a daemon thread
    that dies with the process.
    """
    outcome: list[tuple[Result | None, BaseException | None]] = []
    done = threading.Event()

    def run() -> None:
        try:
            outcome.append((work(), None))
        except BaseException as error:
            outcome.append((None, error))
        done.set()

    threading.Thread(target=run, daemon=True, name="hub").start()
    if not done.wait(seconds):
        raise TimeoutError
    result, error = outcome[0]
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
