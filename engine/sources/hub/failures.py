"""Every way in which asking the hub fails, in one line that says what to do.

Nothing here repeats the client's own words: they hold addresses, headers and text from servers.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from engine.sources.hub.client import constants, endpoint, has_token, host_of, proxy_variable
from engine.sources.hub.reference import HubReference
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.system_errors import system_reason
from engine.words.text import clean

_NAME_UNKNOWN = ("name or service not known", "nodename nor servname", "name resolution", "getaddr")
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class Unreachable(InputError):
    """The hub could not be asked: a copy in the cache is better than nothing."""


def explained(error: BaseException, reference: HubReference, seconds: float) -> InputError:
    """The error for the reader; ``seconds`` is how long an answer was waited for."""
    if isinstance(error, InputError):
        return error
    chain = list(_chain(error))
    names = {cls.__name__ for one in chain for cls in type(one).__mro__}
    where = host_of(endpoint())
    words = _of_repository(names, reference, where)
    if words:
        return InputError(f"{reference}: {words}")
    response = next((found for one in chain if (found := getattr(one, "response", None))), None)
    status = getattr(response, "status_code", None)
    if status is not None:
        return _of_status(int(status), dict(response.headers), reference, where)  # type: ignore[union-attr]
    words = _of_network(names, chain, where, seconds)
    if words:
        return Unreachable(f"{reference}: {words}")
    return InputError(f"{reference}: {_of_machine(chain, names, where)}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what caused it, outermost first."""
    seen = 0
    while error is not None and seen < 16:
        yield error
        error = error.__cause__ or error.__context__
        seen += 1


def _of_repository(names: set[str], reference: HubReference, where: str) -> str:
    if "GatedRepoError" in names:
        page = f"{where}/{reference.repository}"
        if has_token():
            return say(
                "gated, and the token in use has no access; accept its terms at {page}", page=page
            )
        return say(
            "gated; accept its terms at {page}, then set HF_TOKEN to a token of that account",
            page=page,
        )
    if "DisabledRepoError" in names:
        return say("disabled on {where}", where=where)
    if "RevisionNotFoundError" in names:
        return say(
            "no revision {revision!r} on {where}",
            revision=clean(reference.revision or "main", 60),
            where=where,
        )
    if "HFValidationError" in names:
        return say("not a name that the hub allows; expected org/name")
    if "RepositoryNotFoundError" in names:
        private = (
            say("or it is private and the token in use may not read it")
            if has_token()
            else say("or it is private: set HF_TOKEN to a token that may read it")
        )
        return say("no such repository on {where}, {private}", where=where, private=private)
    if "OfflineModeIsEnabled" in names:
        return not_cached(say("HF_HUB_OFFLINE is set"))
    return ""


def not_cached(why: str) -> str:
    """What is said when the hub is not asked and the cache holds no copy."""
    folder = clean(str(constants().HF_HUB_CACHE), 120)
    return say(
        "{why}, and no copy of its config.json is in the cache {folder}", why=why, folder=folder
    )


def _of_status(
    status: int, headers: dict[str, str], reference: HubReference, where: str
) -> InputError:
    words = _refused(status, where)
    if words:
        return InputError(f"{reference}: {words}")
    words = _for_a_while(status, headers, where)
    if words:
        return Unreachable(f"{reference}: {words}")
    words = say("{where} answered {status}, expected a file", where=where, status=status)
    return InputError(f"{reference}: {words}")


def _refused(status: int, where: str) -> str:
    """Answers that stay the same until somebody changes something."""
    if status == 401 and has_token():
        return say(
            "{where} did not accept the token (401): HF_TOKEN is wrong or has expired", where=where
        )
    if status == 401:
        return say("{where} wants to know who asks (401): set HF_TOKEN", where=where)
    if status == 403:
        return say("{where} forbids access (403): check what HF_TOKEN may do", where=where)
    if status == 404:
        return say(
            "not found on {where} (404); is it a hub? HF_ENDPOINT says where to ask", where=where
        )
    return ""


def _for_a_while(status: int, headers: dict[str, str], where: str) -> str:
    """Answers that may be others soon."""
    if status == 407:
        return say("the proxy wants a name and password (407)")
    if status == 429:
        wait = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
        known = wait.isdigit() and len(wait) < 7
        later = say("in {wait} s", wait=wait) if known else say("later")
        better = "" if has_token() else say(", or set HF_TOKEN for a higher limit")
        return say(
            "too many requests to {where}; try {later}{better}",
            where=where,
            later=later,
            better=better,
        )
    if status >= 500:
        return say(
            "{where} is in trouble (error {status}); try again later", where=where, status=status
        )
    return ""


def _of_network(names: set[str], chain: list[BaseException], where: str, seconds: float) -> str:
    text = " ".join(str(one).lower() for one in chain)
    proxy = proxy_variable(endpoint())
    if "ProxyError" in names:
        return say("the proxy in {proxy} refused or failed", proxy=proxy or "HTTPS_PROXY")
    if "TimeoutException" in names or "TimeoutError" in names:
        return say(
            "no network, or too slow: {where} gave no answer within {seconds:g} s",
            where=where,
            seconds=seconds,
        )
    if "ConnectError" in names:
        return _of_connection(
            text, where, say(" through the proxy in {proxy}", proxy=proxy) if proxy else ""
        )
    if names & {"NetworkError", "RemoteProtocolError"}:
        return say("the connection to {where} broke; try again", where=where)
    return ""


def _of_connection(text: str, where: str, way: str) -> str:
    if "certificate" in text:
        return say(
            "the certificate of {where} is not trusted; set SSL_CERT_FILE if it is your own",
            where=where,
        )
    if "[ssl" in text:
        return say("{where} does not speak TLS{way}; check HF_ENDPOINT", where=where, way=way)
    if any(part in text for part in _NAME_UNKNOWN):
        return say("no network: the name {where} cannot be found{way}", where=where, way=way)
    return say("no network: cannot connect to {where}{way}", where=where, way=way)


def _of_machine(chain: list[BaseException], names: set[str], where: str) -> str:
    cache = clean(str(constants().HF_HUB_CACHE), 120)
    for one in chain:
        if isinstance(one, OSError) and one.errno in _NO_SPACE:
            return say("the disk of the cache {cache} is full; HF_HOME moves it", cache=cache)
        if isinstance(one, OSError) and one.errno is not None:
            return say(
                "the cache {cache} cannot be used: {reason}; HF_HOME moves it",
                cache=cache,
                reason=system_reason(one),
            )
    if "FileMetadataError" in names:
        return say(
            "{where} does not answer as a hub; check HF_ENDPOINT and your proxy", where=where
        )
    proxy = proxy_variable(endpoint())
    if proxy and names & {"ImportError", "UnsupportedProtocol", "InvalidURL", "ValueError"}:
        return say(
            "the proxy in {proxy} cannot be used; expected an address as http://proxy:8080",
            proxy=proxy,
        )
    if names & {"LocalProtocolError", "UnicodeEncodeError"}:
        return say(
            "the token cannot be sent; check HF_TOKEN for characters that do not belong there"
        )
    if "TooManyRedirects" in names:
        return say("{where} sends in circles", where=where)
    return say("asking {where} failed ({name})", where=where, name=type(chain[0]).__name__)
