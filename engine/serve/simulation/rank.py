"""One attention rank of a worker: who waits, whose prompt is being read, who decodes, what they
hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.serve.simulation.cache_room import CacheRoom
from engine.serve.simulation.jobs import Jobs
from engine.serve.simulation.prefix_cache import PrefixCache
from engine.serve.simulation.rules import Rules


@dataclass(slots=True)
class Chunk:
    """Prompts of one rank in a pass: tokens, and the keys that they see together."""

    tokens: float = 0.0
    seen: float = 0.0
    done: list[int] = field(default_factory=list)
    """Requests whose prompt ends in it."""


class Book:
    """What is known of every request of a worker, or of a pool of them, as plain lists."""

    def __init__(self, jobs: Jobs, room: CacheRoom) -> None:
        count = len(jobs)
        self.jobs = jobs
        prompts = room.of(jobs.input_tokens)
        whole = room.of(jobs.input_tokens + jobs.output_tokens)
        prompt_bytes: list[float] = prompts.tolist()
        step_bytes: list[float] = ((whole - prompts) / np.maximum(jobs.steps, 1)).tolist()
        self.input: list[float] = jobs.input_tokens.tolist()
        self.cached: list[float] = jobs.cached_tokens.tolist()
        self.steps: list[int] = jobs.steps.tolist()
        self.prompt_bytes, self.step_bytes = prompt_bytes, step_bytes
        outputs = jobs.output_tokens.tolist()
        self.tokens_per_step = [
            (output - 1.0) / steps if steps else 0.0
            for output, steps in zip(outputs, self.steps, strict=True)
        ]
        self.read = [0.0] * count
        """Tokens of the prompt that were read, cached ones included."""
        self.first = [-1.0] * count
        self.last = [-1.0] * count
        self.ends = [0] * count
        """The decode step after which a request is done."""
        self.begun = [0] * count
        """The decode step at which it began to decode, or began again."""
        self.found_tokens = 0.0
        """Of prompts, in prefix caches."""
        each = sum(prompt_bytes) / max(sum(self.input), 1.0) * jobs.block_tokens
        self.block_bytes = max(each, 1.0)


class Rank:
    """See the module. Bytes are of caches."""

    def __init__(self, book: Book, rules: Rules, room_bytes: float) -> None:
        self.book, self.rules, self.room_bytes = book, rules, room_bytes
        self.waiting: deque[int] = deque()
        self.reading: deque[int] = deque()
        self.order: list[int] = []
        """Who decodes, the latest last; who is done is dropped when it comes up."""
        self.decoding = 0
        self.context = 0.0
        """Tokens of all that decode."""
        self.climb = 0.0
        """Tokens that a step adds to them."""
        self.held = 0.0
        self.growth = 0.0
        """Bytes that a step adds."""
        self.prompts_held = 0.0
        caches = rules.prefix_caching and bool(book.jobs.blocks)
        self.cache = PrefixCache() if caches else None

    @property
    def running(self) -> int:
        """Requests that were let in."""
        return self.decoding + len(self.reading)

    def whole_bytes(self, job: int) -> float:
        """What a request holds at most."""
        book = self.book
        return book.prompt_bytes[job] + book.step_bytes[job] * book.steps[job]

    def admits(self) -> bool:
        """Whether the first that waits is let in now; alone it always is."""
        if not self.waiting or self.running >= self.rules.max_sequences:
            return False
        job = self.waiting[0]
        needed = self.whole_bytes(job) if self.rules.whole_answers else self.book.prompt_bytes[job]
        # Those that decode come first: what they take in this pass is not free.
        return self.held + self.growth + needed <= self.room_bytes or not self.running

    def waiting_tokens(self, most: float) -> float:
        """Of prompts that wait, counted up to ``most``."""
        tokens = 0.0
        for job in self.waiting:
            if tokens >= most:
                break
            tokens += self.book.input[job] - self.book.cached[job]
        return tokens

    def plan(self, budget: float) -> Chunk | None:
        """Prompts for the next pass, at most ``budget`` tokens; None without any."""
        chunk, left, most = Chunk(), budget, self.rules.prefill_requests
        for job in self.reading:
            if left <= 0 or most <= 0:
                break
            left -= self._read(job, left, chunk)
            most -= 1
        while left > 0 and most > 0 and self.admits():
            job = self.waiting.popleft()
            self._let_in(job)
            self.reading.append(job)
            left -= self._read(job, left, chunk)
            most -= 1
        return chunk if chunk.tokens else None

    def _read(self, job: int, left: float, chunk: Chunk) -> float:
        """Read up to ``left`` tokens of a prompt; how many they were."""
        book = self.book
        before = book.read[job]
        tokens = min(book.input[job] - before, left)
        book.read[job] = before + tokens
        chunk.tokens += tokens
        chunk.seen += tokens * (before + 0.5 * (tokens + 1.0))
        if before + tokens >= book.input[job]:
            chunk.done.append(job)
        return tokens

    def _let_in(self, job: int) -> None:
        book = self.book
        found = book.cached[job]
        if self.cache is not None:
            blocks = self.cache.found(book.jobs.blocks[job]) * book.jobs.block_tokens
            found = max(found, min(float(blocks), book.input[job] - 1.0))
        book.read[job] = found
        book.found_tokens += found
        self.hold(job)

    def hold(self, job: int) -> None:
        """Give a request its memory."""
        whole = self.rules.whole_answers
        self.held += self.whole_bytes(job) if whole else self.book.prompt_bytes[job]
        self.prompts_held += self.book.prompt_bytes[job]

    def starts(self, job: int, step: int) -> None:
        """A prompt was read: its answer begins after ``step`` decode steps."""
        book = self.book
        if self.cache is not None:
            self._keep(book.jobs.blocks[job])
        if not book.steps[job]:
            self.release(job, 0)
            return
        book.begun[job] = step
        book.ends[job] = step + book.steps[job]
        self.decoding += 1
        self.context += book.input[job]
        self.climb += book.tokens_per_step[job]
        if not self.rules.whole_answers:
            self.growth += book.step_bytes[job]
        self.order.append(job)

    def _keep(self, blocks: Sequence[int]) -> None:
        """Blocks of a prompt stay in what sequences do not need for their answers."""
        assert self.cache is not None
        if not blocks:
            return
        book = self.book
        free = self.room_bytes - self.held + self.prompts_held
        self.cache.keep(blocks, int(free / book.block_bytes))

    def step(self, count: int) -> None:
        """All that decode have done ``count`` steps."""
        self.context += self.climb * count
        self.held += self.growth * count

    def ends(self, job: int, step: int) -> None:
        """An answer is done, or taken back, after ``step`` decode steps."""
        book, done = self.book, step - self.book.begun[job]
        self.decoding -= 1
        self.context -= book.input[job] + book.tokens_per_step[job] * done
        self.climb -= book.tokens_per_step[job]
        if not self.rules.whole_answers:
            self.growth -= book.step_bytes[job]
        self.release(job, done)
        if not self.decoding:
            # Rounding does not add up over a day.
            self.context = self.climb = self.growth = 0.0

    def release(self, job: int, done: int) -> None:
        """Give its memory back after ``done`` steps."""
        whole = self.rules.whole_answers
        book = self.book
        held = (
            self.whole_bytes(job) if whole else book.prompt_bytes[job] + book.step_bytes[job] * done
        )
        self.held = self.held - held if self.running else 0.0
        self.prompts_held = self.prompts_held - book.prompt_bytes[job] if self.running else 0.0

    def preempt(self, step: int) -> int | None:
        """Take the latest request back to the queue: what it has said becomes its prompt, all of
        which is read again. None where only one decodes."""
        book = self.book
        while self.order:
            job = self.order.pop()
            if book.last[job] >= 0 or book.ends[job] <= step:
                continue
            if self.decoding <= 1:
                self.order.append(job)
                return None
            done = step - book.begun[job]
            self.ends(job, step)
            book.input[job] += book.tokens_per_step[job] * done
            book.prompt_bytes[job] += book.step_bytes[job] * done
            book.steps[job] -= done
            book.cached[job] = 0.0
            book.ends[job] = -1
            self.waiting.appendleft(job)
            return job
        return None
