"""Fetching config.json and hf_quant_config.json into the client's cache, nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.sources.files import MAXIMUM_CONFIG_BYTES
from engine.sources.hub.client import client, constants, endpoint, within
from engine.sources.hub.failures import Unreachable, explained, not_cached
from engine.sources.hub.reference import HubReference
from engine.words.errors import InputError

CONFIG, QUANTISATION = "config.json", "hf_quant_config.json"
TOTAL_SECONDS = 30.0
"""When waiting ends, whatever the server does: a person watches."""
RETRY_SECONDS = 0.5

Progress = Callable[[str], None]

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A folder that holds config.json and, if the repository has it, hf_quant_config.json.
    ``notes`` say what the reader should know about the copy."""

    folder: Path
    commit: str = ""
    notes: tuple[str, ...] = ()


_REMEMBERED: dict[HubReference, Fetched] = {}
"""What this process has fetched: a session keeps the revision that it began with."""


def remembered(reference: HubReference) -> Fetched | None:
    """What was fetched before by this process, without asking anyone."""
    found = _REMEMBERED.get(reference)
    return found if found is not None and (found.folder / CONFIG).is_file() else None


def fetch_config(reference: HubReference, progress: Progress | None = None) -> Fetched:
    """Fetch a model's config through the client and its cache.

    ``progress`` is told which file is being fetched. When the hub cannot be asked, a copy in the
    cache serves, with a note. Raises `InputError` in one line for every way in which this fails.
    """
    known = remembered(reference)
    if known is not None:
        return known
    client()
    seconds = float(constants().HF_HUB_ETAG_TIMEOUT)
    fetch = _Fetch(reference, progress)
    try:
        found = within(TOTAL_SECONDS, fetch.run)
    except TimeoutError:
        error = Unreachable(
            f"{reference}: no network, or too slow: not done within {TOTAL_SECONDS:g} s"
        )
        found = _cached_instead(reference, _naming(error, reference, fetch.asking))
    except InputError:
        raise
    except Exception as error:
        said = explained(error, reference, seconds)
        found = _cached_instead(reference, _naming(said, reference, fetch.asking))
    _REMEMBERED[reference] = found
    return found


def _naming(error: InputError, reference: HubReference, file: str) -> InputError:
    """The error with the second file's name in it: without it, nobody would know that only this
    one is lacking."""
    if file == CONFIG:
        return error
    _, _, words = str(error).partition(f"{reference}: ")
    return type(error)(f"{reference}: {file}: {words}")


def _cached_instead(reference: HubReference, error: InputError) -> Fetched:
    """A copy in the cache when only asking failed; otherwise the error is raised."""
    copy = _cached(reference, CONFIG) if isinstance(error, Unreachable) else None
    if copy is None:
        raise error from None
    return _of_cache(copy, f"from the cache, perhaps not the newest: {error}")


def _of_cache(config: Path, note: str) -> Fetched:
    return Fetched(config.parent, config.parent.name, (note,))


def _cached(reference: HubReference, name: str) -> Path | None:
    """A file's newest copy in the cache."""
    hub = client()
    found = hub.try_to_load_from_cache(
        reference.repository, name, revision=reference.revision or None
    )
    return Path(found) if isinstance(found, str) else None


class _Fetch:
    """One fetch: each file is measured before it is downloaded."""

    def __init__(self, reference: HubReference, progress: Progress | None) -> None:
        self._reference = reference
        self._progress = progress or (lambda text: None)
        self._endpoint = endpoint()
        self.asking = CONFIG
        """The file that is being asked for."""

    def run(self) -> Fetched:
        """Both files; raises the client's errors and `InputError`.

        The config comes into the cache last: without its neighbour it would be taken for the
        config of a model that is not quantised, now and whenever the hub cannot be asked.
        """
        if constants().HF_HUB_OFFLINE:
            return self._offline()
        self._say(CONFIG)
        if not self._is_there(CONFIG):
            from engine.sources.hub.contents import without_config

            raise InputError(f"{self._reference}: {without_config(self._reference)}")
        self._say(QUANTISATION)
        if self._is_there(QUANTISATION):
            self._file(QUANTISATION)
        self.asking = CONFIG
        config = self._file(CONFIG)
        return Fetched(config.parent, config.parent.name)

    def _say(self, name: str) -> None:
        self.asking = name
        self._progress(name)

    def _offline(self) -> Fetched:
        copy = _cached(self._reference, CONFIG)
        if copy is None:
            raise InputError(f"{self._reference}: {not_cached('HF_HUB_OFFLINE is set')}")
        return _of_cache(copy, "from the cache: HF_HUB_OFFLINE is set")

    def _copy(self, name: str) -> Path | None:
        """A copy in the cache that is the file: a commit never changes."""
        pinned = _COMMIT.fullmatch(self._reference.revision)
        return _cached(self._reference, name) if pinned else None

    def _is_there(self, name: str) -> bool:
        """Whether the repository has the file, of a size that can be."""
        if self._copy(name) is not None:
            return True
        hub = client()
        try:
            size = self._size(hub, name)
        except hub.errors.HfHubHTTPError as error:
            if _is_absent(error, name):
                return False
            raise
        if size is not None and size > MAXIMUM_CONFIG_BYTES:
            raise _too_large(self._reference, name, f"{size:,} bytes")
        return True

    def _file(self, name: str) -> Path:
        """The file in the cache, downloaded if need be."""
        copy = self._copy(name)
        if copy is not None:
            return copy
        hub = client()
        return Path(
            hub.hf_hub_download(
                self._reference.repository,
                name,
                revision=self._reference.revision or None,
                endpoint=self._endpoint,
                etag_timeout=constants().HF_HUB_ETAG_TIMEOUT,
                tqdm_class=_counter(self._reference, name),
            )
        )

    def _size(self, hub: Any, name: str) -> int | None:
        """What the hub says about the file's size; asked once more if the hub stumbled."""
        address = hub.hf_hub_url(
            self._reference.repository,
            name,
            revision=self._reference.revision or None,
            endpoint=self._endpoint,
        )
        timeout = constants().HF_HUB_ETAG_TIMEOUT
        for last in (False, True):
            try:
                found = hub.get_hf_file_metadata(address, timeout=timeout, endpoint=self._endpoint)
                size: int | None = found.size
                return size
            except Exception as error:
                if last or not _stumbled(error):
                    raise
                time.sleep(RETRY_SECONDS)
        return None


def _is_absent(error: Exception, name: str) -> bool:
    """Whether the repository is there but not the file. Servers that are not the hub itself may
    say so with a bare 404; for the second file there is no doubt what that means."""
    if "EntryNotFoundError" in {cls.__name__ for cls in type(error).__mro__}:
        return True
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return name == QUANTISATION and status == 404


def _stumbled(error: Exception) -> bool:
    """Whether asking again at once makes sense."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    names = {cls.__name__ for cls in type(error).__mro__}
    return status in {500, 502, 503, 504} or bool(names & {"ReadError", "RemoteProtocolError"})


def _too_large(reference: HubReference, name: str, found: str) -> InputError:
    return InputError(
        f"{reference}: {name}: {found}, expected at most {MAXIMUM_CONFIG_BYTES:,} bytes"
    )


def _counter(reference: HubReference, name: str) -> type:
    """Stands where the client wants a progress bar, and stops a download that is larger than the
    hub said it would be."""

    class Counter:
        """Counts bytes."""

        def __init__(self, *_: object, **__: object) -> None:
            self.n = 0

        def __enter__(self) -> Counter:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def update(self, amount: float | None = 1) -> None:
            """So many bytes more; raises `InputError` when they are too many."""
            self.n += int(amount or 0)
            if self.n > MAXIMUM_CONFIG_BYTES:
                raise _too_large(reference, name, "more than the hub said")

        def close(self) -> None:
            """Nothing to close."""

    return Counter
