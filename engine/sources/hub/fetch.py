"""Fetching a config and what speaks of quantisation beside it into the client's cache, no more."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.sources.hub.client import client, constants, endpoint, within
from engine.sources.hub.failures import Unreachable, explained, not_cached
from engine.sources.hub.reference import HubReference
from engine.sources.sidecars import CONFIGS, POOLING, Sidecar, sidecars
from engine.words.errors import InputError
from engine.words.messages import say

TOTAL_SECONDS = 30.0
"""When waiting ends, whatever the server does: a person watches."""
RETRY_SECONDS = 0.5

Progress = Callable[[str], None]

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A folder that holds config.json (or params.json) and what the repository has of files that
    speak of quantisation. ``notes`` say what the reader should know about the copy."""

    folder: Path
    commit: str = ""
    notes: tuple[str, ...] = ()


_REMEMBERED: dict[HubReference, Fetched] = {}
"""What this process has fetched: a session keeps the revision that it began with."""


def remembered(reference: HubReference) -> Fetched | None:
    """What was fetched before by this process, without asking anyone."""
    found = _REMEMBERED.get(reference)
    if found is None or not any((found.folder / name).is_file() for name in CONFIGS):
        return None
    return found


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
            say(
                "{reference}: no network, or too slow: not done within {TOTAL_SECONDS:g} s",
                reference=reference,
                TOTAL_SECONDS=TOTAL_SECONDS,
            )
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
    """The error with the name of a file beside the config in it: without it, nobody would know
    that only this one is lacking."""
    if file in CONFIGS:
        return error
    _, _, words = str(error).partition(f"{reference}: ")
    return type(error)(f"{reference}: {file}: {words}")


def _cached_instead(reference: HubReference, error: InputError) -> Fetched:
    """A copy in the cache when only asking failed; otherwise the error is raised."""
    copy = _cached_config(reference) if isinstance(error, Unreachable) else None
    if copy is None:
        raise error from None
    return _of_cache(copy, say("from the cache, perhaps not the newest: {error}", error=error))


def _of_cache(config: Path, note: str) -> Fetched:
    return Fetched(config.parent, config.parent.name, (note,))


def _cached_config(reference: HubReference) -> Path | None:
    """The newest copy of the config, whatever it is called."""
    copies = (_cached(reference, name) for name in CONFIGS)
    return next((copy for copy in copies if copy is not None), None)


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
        self.asking = CONFIGS[0]
        """The file that is being asked for."""

    def run(self) -> Fetched:
        """All files; raises the client's errors and `InputError`.

        The config comes into the cache last: without its neighbour it would be taken for the
        config of a model that is not quantised, now and whenever the hub cannot be asked.
        """
        if constants().HF_HUB_OFFLINE:
            return self._offline()
        named = self._first(tuple(Sidecar(name) for name in CONFIGS))
        if named is None:
            from engine.sources.hub.contents import without_config

            raise InputError(f"{self._reference}: {without_config(self._reference)}")
        for places in (sidecars(), (Sidecar(POOLING[0]),)):
            beside = self._first(places)
            if beside is not None:
                self._file(beside)
        self.asking = named.name
        config = self._file(named)
        return Fetched(config.parent, config.parent.name)

    def _first(self, files: tuple[Sidecar, ...]) -> Sidecar | None:
        """The first of ``files`` that the repository has; one says it all."""
        for file in files:
            self._say(file.name)
            if self._is_there(file):
                return file
        return None

    def _say(self, name: str) -> None:
        self.asking = name
        self._progress(name)

    def _offline(self) -> Fetched:
        copy = _cached_config(self._reference)
        if copy is None:
            raise InputError(f"{self._reference}: {not_cached('HF_HUB_OFFLINE is set')}")
        return _of_cache(copy, "from the cache: HF_HUB_OFFLINE is set")

    def _copy(self, name: str) -> Path | None:
        """A copy in the cache that is the file: a commit never changes."""
        pinned = _COMMIT.fullmatch(self._reference.revision)
        return _cached(self._reference, name) if pinned else None

    def _is_there(self, file: Sidecar) -> bool:
        """Whether the repository has the file, of a size that can be."""
        if self._copy(file.name) is not None:
            return True
        hub = client()
        try:
            size = self._size(hub, file.name)
        except hub.errors.HfHubHTTPError as error:
            if _is_absent(error, file.name):
                return False
            raise
        if size is not None and size > file.maximum_bytes:
            raise _too_large(self._reference, file, f"{size:,} bytes")
        return True

    def _file(self, file: Sidecar) -> Path:
        """The file in the cache, downloaded if need be."""
        copy = self._copy(file.name)
        if copy is not None:
            return copy
        hub = client()
        return Path(
            hub.hf_hub_download(
                self._reference.repository,
                file.name,
                revision=self._reference.revision or None,
                endpoint=self._endpoint,
                etag_timeout=constants().HF_HUB_ETAG_TIMEOUT,
                tqdm_class=_counter(self._reference, file),
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
    say so with a bare 404; beside a config that is there, there is no doubt what that means."""
    if "EntryNotFoundError" in {cls.__name__ for cls in type(error).__mro__}:
        return True
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return name not in CONFIGS and status == 404


def _stumbled(error: Exception) -> bool:
    """Whether asking again at once makes sense."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    names = {cls.__name__ for cls in type(error).__mro__}
    return status in {500, 502, 503, 504} or bool(names & {"ReadError", "RemoteProtocolError"})


def _too_large(reference: HubReference, file: Sidecar, found: str) -> InputError:
    return InputError(
        say(
            "{reference}: {file}: {found}, expected at most {maximum_bytes:,} bytes",
            reference=reference,
            file=file.name,
            found=found,
            maximum_bytes=file.maximum_bytes,
        )
    )


def _counter(reference: HubReference, file: Sidecar) -> type:
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
            if self.n > file.maximum_bytes:
                raise _too_large(reference, file, "more than the hub said")

        def close(self) -> None:
            """Nothing to close."""

    return Counter
