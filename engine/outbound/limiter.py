"""How many requests may be in flight at the image server: found, followed and shared, from what requests take. Pure.

Up to its knee a server answers as quickly as if it were alone; beyond it only the wait grows. So the limit follows
from one figure, the slowdown: what requests take over what they would take if nobody waited (`pace`, measured in
`calm` moments). Of n requests in flight, n / slowdown are being worked on; the limit is that, a margin, and a small
queue. The queue is what makes it fair: it weighs less, the larger a limiter's share is already, and all see the same
slowdown. Below one, requests are spaced so that one is in flight for that share of the time.

An answer that says overload cuts the limit, two of one flight halve it; a cut that did not help is taken back
(`overload`). A slowdown alone takes the limit down to an eighth, until a calm moment confirms that it is a crowd.
`docs/thumbnails.md` has the picture, `bench/limiter_simulation.py` the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from engine.outbound.calm import Calm, Phase
from engine.outbound.costs import Work
from engine.outbound.lately import Lately
from engine.outbound.overload import BACKGROUND_MOST, Judgement, Overload
from engine.outbound.pace import Pace
from engine.outbound.rounds import CROWDED, Round

STARTING = 1.5  # a limit that doubles stops to do so at this slowdown
STARTING_LARGE = 1.3  # or this, when it is large already: a crowd shows less
LARGE = 8
MOST_CROWDED = 16.0  # what is taken for the slowdown, at most, while nothing is known
SHARP = 0.6  # no round takes more than all but this share of the limit
QUEUE_SMALL = 0.4, -0.06  # factor and power of the limit: the queue as a share of it, where limits are small
QUEUE_LARGE = 0.5, -0.5  # and where they are large; the smaller of the two counts
CALMER = 2.0  # in calm moments, so many times less than what is being worked on
CALM_UNSURE = 0.5  # of the limit, or of one, at least, while the server's own pace was never measured
CALM_LONGER = 0.15  # with so much doubt about the pace, moments are longer
FALLEN = 4.0  # so many times below the limit when it was last confirmed, it may have changed, and one is sent
FLOOR = 8.0  # and no further does the limit fall until the pace is confirmed
CONFIRMS = 1.5  # a calm measurement not so many times slower
CUT = 0.75
IN_A_CROWD = 0.5  # of requests that fail, and what was measured so far was measured among too many
CEILING = 0.9  # of the limit at which requests failed
CEILING_LASTS = 30.0
LONGEST = 6.0  # times what was expected
LONGEST_SCATTER = 3.5  # or so many times what requests scatter by, in logarithms
LONGEST_GAP = 60.0  # seconds between two requests, however crowded: nobody is shut out


@dataclass(frozen=True, slots=True)
class LimiterSettings:
    """Bounds of the limit, and how it is sought."""

    start: float = 1.0
    least: float = 1 / 1024
    most: float = 512.0
    margin: float = 1.05  # above what is being worked on
    gain: float = 0.5  # of the way to the new limit that one round goes
    calm_every: float = 20.0  # seconds; the same in all engines that share a server

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.start <= self.most:
            raise ValueError("expected 0 < least <= start <= most")
        if self.margin < 1 or not 0 < self.gain <= 1 or self.calm_every <= 0:
            raise ValueError("expected a margin of at least 1, a gain up to 1 and a positive interval")


@dataclass(frozen=True, slots=True)
class Sample:
    """One request that was served."""

    work: Work
    sent: float
    ended: float
    level: float  # in flight when it was sent, itself included; below a limit of one, the limit

    @property
    def took(self) -> float:
        return max(self.ended - self.sent, 1e-6)


class Limiter:
    """The limit of one process for one image server. `now` is the time of day, from a clock that never jumps."""

    def __init__(self, settings: LimiterSettings, now: float, chance: Callable[[], float]) -> None:
        self._settings = settings
        self.limit = settings.start
        self.slowdown = 1.0
        self._pace = Pace()
        self._calm = Calm(settings.calm_every, now, chance)
        self._lately = Lately()
        self._calm_limit = settings.start  # when the pace was last confirmed
        self._starting = True
        self._round = Round(now)
        self._next_at = now  # below one: when the next may go
        self._cut_at = -math.inf
        self._cut_from = self.limit  # the limit before the last cut
        self._overload = Overload()
        self._ceiling = math.inf
        self._ceiling_until = -math.inf

    def wait(self, in_flight: int, now: float) -> float:
        """Seconds until another request may be sent: 0 now, infinite when one must come back first."""
        calm = self.limit / CALMER / max(self.slowdown, 1.0)
        if not self._pace.sure:
            calm = max(calm, min(self.limit, 1.0) * CALM_UNSURE)
        elif self._pace.suspects or self.limit < self._calm_limit / FALLEN:
            calm = 1.0
        usual = self._lately.usual if self._lately.known else 0.0
        alone = self._lately.alone if self._pace.sure else usual / MOST_CROWDED
        long = self._pace.doubtful > CALM_LONGER
        held = self._calm.look(in_flight, now, usual=usual, alone=alone, level=calm, sparse=self.limit < 1, long=long)
        self._next_at += held  # or all who are spaced would come at once when the moment is over
        if self._calm.phase is not Phase.USUAL:
            return self._calm.wait(in_flight, now, usual)
        if in_flight >= max(math.floor(self.limit), 1):
            return math.inf
        if self.limit >= 1 or self._next_at <= now:
            return 0.0
        return min(self._next_at - now, self._calm.until_next(now))

    def sent(self, in_flight: int) -> float:
        """A request was sent, so many are in flight with it; the level it is measured at."""
        if self._calm.phase is Phase.CALM:
            self._calm.sent()
        return in_flight if self.limit >= 1 else self.limit

    def expected(self, work: Work) -> float:
        """What a request should take as things are; 0 when nothing of its kind was measured."""
        return self._pace.seconds(work.kind) * work.cost * max(self.slowdown, 1.0)

    def longest(self, work: Work) -> float:
        """What it takes hardly ever longer than, and the longer where times scatter widely; 0 likewise."""
        return self.expected(work) * max(LONGEST, math.exp(LONGEST_SCATTER * self._pace.scatter))

    def served(self, sample: Sample) -> None:
        """Learns from a request that was served."""
        calm = self._calm.measures(sample.sent)
        expected = self._learn(sample, calm=calm)
        if calm and sample.took < expected * CONFIRMS:
            self._calm_limit = self.limit
        self._lately.add(sample.took, expected)
        if self.limit < 1:
            self._next_at = sample.sent + min(self._lately.bounded(sample.took) / self.limit, LONGEST_GAP)
        self._overload.note(sample.sent, fault=False)
        self._judge(sample.ended)
        if calm or self._calm.phase is not Phase.USUAL or sample.sent < self._round.since:
            return
        self._round.add(sample.took / expected, sample.level)
        if self.limit < 1:
            self._follow_sparsely(sample.ended)
        elif self._round.tells(self.limit, self._pace.scatter, starting=self._starting):
            self._follow(sample.ended)

    def overloaded(self, sent: float, now: float) -> None:
        """Learns from a request that found no room: one cuts the limit, a second of the same flight halves it."""
        self._overload.note(sent, fault=True)
        if sent < self._cut_at:
            self._change(min(self.limit, self._cut_from / 2), now)
        elif self._overload.calls_for_cut(now):
            self._starting = False
            self._cut_at, self._cut_from = now, self.limit
            self._change(self.limit * (CUT if self._overload.rate < BACKGROUND_MOST else CUT / 1.5), now)
            self._overload.cut(now)
            if self._overload.rate >= IN_A_CROWD:
                self._pace.doubt()
            if self.limit < 1:
                self._next_at = now + min(max(self._lately.usual, 0.1) / self.limit, LONGEST_GAP)
        self._judge(now)

    def _judge(self, now: float) -> None:
        """Draws the conclusion of a cut."""
        match self._overload.judge(now, crowded=self.slowdown > CROWDED):
            case Judgement.BACKGROUND:
                self._change(max(self.limit, self._cut_from), now)
            case Judgement.RELIEVED:
                self._ceiling, self._ceiling_until = CEILING * self._cut_from, now + CEILING_LASTS
                self._change(max(self.limit, self._ceiling), now)

    def suspend(self) -> None:
        """The server is gone: what it did not answer says nothing of how much it takes when it is back."""
        self.limit = max(self.limit, self._cut_from / 2)

    def _learn(self, sample: Sample, *, calm: bool) -> float:
        """Takes the sample into the server's pace; what it should have taken if nobody had waited."""
        kind, cost = sample.work.kind, sample.work.cost
        self._pace.learn(
            kind,
            sample.took / cost,
            calm=calm,
            alone=sample.level <= 1,
            crowded=sample.level < 1 or self.slowdown > CROWDED,
            slowdown=self.slowdown,
        )
        return self._pace.seconds(kind) * cost

    def _follow(self, now: float) -> None:
        """A new limit from the slowdown of one round."""
        ended, self._round, limit = self._round, Round(now), self.limit
        slowdown = ended.slowdown * math.exp(-self._pace.doubtful)
        self.slowdown += (slowdown - self.slowdown) / 2
        used = ended.level >= 0.75 * math.floor(limit)
        self._starting = self._starting and slowdown < (STARTING if limit < LARGE else STARTING_LARGE)
        if self._starting:
            self._change(limit * 2 if used else limit, now)
            return
        target = self._settings.margin * limit / slowdown + limit * _queue(limit)
        gain = 1.0 if slowdown > CROWDED else self._settings.gain
        target = max(limit + gain * (target - limit), SHARP * limit)
        target = target if used else min(target, limit)
        self._change(max(target, min(self._floor, limit)), now)

    def _follow_sparsely(self, now: float) -> None:
        """A new limit from one sample, where they are rare."""
        self._starting = False
        self.slowdown *= (self._round.slowdown / self.slowdown) ** 0.25
        factor = self._settings.margin / self.slowdown + _queue(self.limit)
        limit = self.limit * min(max(factor, 0.75), 1.5) ** self._settings.gain
        self._change(max(limit, min(self._floor, self.limit)), now)

    @property
    def _floor(self) -> float:
        """How far slowdowns may take the limit, until it is seen in a calm moment whether the server has changed."""
        return self._calm_limit / FLOOR if self._pace.sure else 0.0

    def _change(self, limit: float, now: float) -> None:
        if now < self._ceiling_until:
            limit = min(limit, self._ceiling)
        before, self.limit = self.limit, min(max(limit, self._settings.least), self._settings.most)
        if self.limit < 1 or int(before) != int(self.limit):
            self._round = Round(now)


def _queue(limit: float) -> float:
    """The queue that a limit of this size may add, as a share of it."""
    return min(factor * math.pow(limit, power) for factor, power in (QUEUE_SMALL, QUEUE_LARGE))
