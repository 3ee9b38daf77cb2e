"""A small server on this machine that speaks the hub's protocol, for the real client to talk to.

It answers HEAD and GET of ``/org/name/resolve/<revision>/<file>`` and ``/api/models/org/name``
with the headers of the hub, and notes every request.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40
OLDER = "b" * 40


@dataclass
class Repository:
    """What the server holds under one id. ``files`` are by revision and name."""

    files: dict[str, bytes] = field(default_factory=dict)
    older: dict[str, bytes] = field(default_factory=dict)
    safetensors: dict[str, int] | None = None
    gated: bool = False
    private: bool = False
    tags: tuple[str, ...] = ()
    said_size: int | None = None
    """A size in the HEAD answer that differs from the file's."""
    status: int = 0
    """Answer everything with this status."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Answer what asks for these files with a status of their own."""
    slow: dict[str, float] = field(default_factory=dict)
    """Wait so long before answering what asks for these files."""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """Wait so long before every answer."""
    drip_seconds: float = 0.0
    """Send a byte, wait so long, send the next."""
    chunked: bool = False
    """Say no size, neither in HEAD nor in GET."""
    missing_code: str = "EntryNotFound"
    redirect: str = ""
    """Files lie on another server: answer with its address."""


@dataclass
class Hub:
    """A running server."""

    address: str
    repositories: dict[str, Repository]
    token: str = "hf_good"
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and the Authorization header of every request."""

    def paths(self, method: str = "") -> list[str]:
        """Paths that were asked for."""
        return [path for verb, path, _ in self.requests if verb == method or not method]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing to standard error."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        authorization = self.headers.get("Authorization", "")
        self.hub.requests.append((self.command, path, authorization))
        parts = path.strip("/").split("/")
        is_api = parts[:2] == ["api", "models"]
        if is_api:
            parts = parts[2:]
        repository = self.hub.repositories.get("/".join(parts[:2]))
        if repository is None:
            return self._refuse(401 if not authorization else 404, "RepoNotFound")
        time.sleep(repository.seconds + repository.slow.get(parts[-1], 0.0))
        status = repository.statuses.get(parts[-1], repository.status)
        if status:
            return self._send(status, b"in trouble", repository.headers)
        if repository.private and authorization != f"Bearer {self.hub.token}":
            return self._refuse(401 if not authorization else 404, "RepoNotFound")
        revision = "main"
        if len(parts) > 3:
            revision = parts[3] if is_api or parts[2] == "resolve" else "main"
        files = {"main": repository.files, COMMIT: repository.files, "v1": repository.older}
        files[OLDER] = repository.older
        if revision not in files:
            return self._refuse(404, "RevisionNotFound")
        if is_api:
            return self._info(repository)
        if repository.gated and authorization != f"Bearer {self.hub.token}":
            return self._refuse(401 if not authorization else 403, "GatedRepo")
        commit = OLDER if files[revision] is repository.older else COMMIT
        content = files[revision].get("/".join(parts[4:]))
        if content is None:
            return self._refuse(404, repository.missing_code, {"X-Repo-Commit": commit})
        return self._file(repository, content, commit)

    def _info(self, repository: Repository) -> None:
        info: dict[str, Any] = {"id": "x/y", "sha": COMMIT, "tags": list(repository.tags)}
        info["siblings"] = [{"rfilename": name} for name in repository.files]
        if repository.safetensors is not None:
            total = sum(repository.safetensors.values())
            info["safetensors"] = {"parameters": repository.safetensors, "total": total}
        self._send(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _file(self, repository: Repository, content: bytes, commit: str) -> None:
        etag = hashlib.sha1(content).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit, **repository.headers}
        if repository.redirect:
            headers |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content))}
            return self._send(302, b"", {**headers, "Location": repository.redirect})
        if repository.chunked:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if self.command == "GET":
                self._chunks(content)
            return
        said = repository.said_size if self.command == "HEAD" else None
        self._send(200, content, headers, said, repository.drip_seconds)

    def _chunks(self, content: bytes) -> None:
        step = 1 << 20
        try:
            for start in range(0, len(content), step):
                part = content[start : start + step]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        message = {"X-Error-Code": code, "X-Error-Message": "no \x1b]0;owned\x07[red]"}
        self._send(status, b"{}", {**message, **(headers or {})})

    def _send(
        self,
        status: int,
        content: bytes,
        headers: dict[str, str],
        said_size: int | None = None,
        drip_seconds: float = 0.0,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if said_size is None else said_size))
        self.end_headers()
        if self.command != "GET":
            return
        try:
            if not drip_seconds:
                self.wfile.write(content)
                return
            for place in range(len(content)):
                self.wfile.write(content[place : place + 1])
                self.wfile.flush()
                time.sleep(drip_seconds)
        except OSError:
            self.close_connection = True


@contextmanager
def serving(repositories: dict[str, Repository]) -> Iterator[Hub]:
    """Run a server with these repositories on a free port of this machine."""
    hub = Hub("", repositories)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
