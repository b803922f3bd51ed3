from __future__ import annotations

import math
import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LimiterSettings:
    start: float = 1.0
    least: float = 1 / 1024
    most: float = 512.0
    queue: float = 0.3
    sparse: float = 0.85
    every: float = 20.0
    tolerance: float = 1.15
    calmer: float = 3.0
    gain: float = 0.5
    up: float = 1 / 100
    trouble: float = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    kind: str
    cost: float
    sent: float
    ended: float
    in_flight: float


class Base:
    def __init__(self, pace: float) -> None:
        self.pace = pace
        self.logs: list[float] = []
        self.early: list[float] = []
        self.block: list[float] = []

    def doubt(self):
        if len(self.logs) < 3:
            self.early = []
            self.block = []
            self.pace /= 1.5

    def sample(self, s: Sample, measured: bool, up: float) -> None:
        x = math.log((s.ended - s.sent) / s.cost)
        if measured:
            self.logs.append(x)
            self.logs = self.logs[-24:]
            if len(self.logs) > 5:
                new = sorted(self.logs[-5:])[2]
                if abs(new - sum(self.logs) / len(self.logs)) > 0.4:
                    self.logs = self.logs[-5:]
            if len(self.logs) >= 3:
                self.pace = math.exp(sum(self.logs) / len(self.logs))
        elif len(self.logs) < 3:
            if len(self.early) < 3 and s.in_flight <= 1:
                self.early.append(x)
                self.pace = math.exp(sum(self.early) / len(self.early))
                if self.pace > 1:
                    self.pace **= 0.5
            self.block.append(x)
            self.block = self.block[-64:]
            if len(self.block) >= 6:
                low = sorted(self.block)[: len(self.block) // 3]
                self.pace = min(self.pace, math.exp(sum(low) / len(low) + 0.2))


OFF, DRAIN, MEASURE = range(3)


class Limiter:
    def __init__(self, settings: LimiterSettings, now: float, chance) -> None:
        self.s = settings
        self.chance = chance
        self.before = settings.start
        self.limit = settings.start
        self.bases: dict[str, Base] = {}
        self.slow_start = True
        self.next_at = 0.0
        self.recent = 0.0
        self.round_start = now
        self.reset(now)
        self.last_cut = -math.inf
        self.ceiling = math.inf
        self.ceiling_at = -math.inf
        self.slowdown = 1.0
        self.phase = OFF
        self.window = math.floor(now / settings.every) * settings.every
        self.until = 0.0
        self.from_ = 0.0
        self.calm_at = 0.0
        self.last = 0.0
        self.nmeas = 0

    @property
    def calm_limit(self):
        return self.limit / (self.s.calmer if self.limit >= 1 else 2) / max(1.0, self.slowdown)

    def reset(self, now):
        self.round_start = now
        self.lat = self.logs = self.fl = 0.0
        self.n = 0

    def look(self, in_flight, now):
        every = self.s.every
        t0 = math.floor(now / every) * every
        if t0 > self.window:
            self.window = t0
            if self.recent and now < t0 + max(2 * self.recent, 0.1):
                self.phase = DRAIN
                self.t0 = t0
        if self.phase == DRAIN and now >= self.t0 + self.recent and (in_flight == 0 or now > self.t0 + 4 * self.recent):
            self.phase = MEASURE
            self.from_ = now
            self.until = now + (1.5 * self.recent if self.limit >= 1 else max(1.5 * self.recent, self.s.every / 10))
            self.last = now + (self.until - now) * 0.6
            e = self.calm_limit
            self.calm_at = now + (self.chance() * self.recent / e if e < 1 else 0)
        if self.phase == MEASURE and now >= self.until:
            self.phase = OFF

    def wait(self, in_flight: int, now: float) -> float:
        self.look(in_flight, now)
        if self.phase == DRAIN:
            return max(self.t0 + self.recent - now, 1e-3) if not in_flight else math.inf
        if self.phase == MEASURE:
            e = self.calm_limit
            if e >= 1:
                return 0.0 if in_flight < math.floor(e) else math.inf
            if in_flight:
                return math.inf
            return max(min(self.calm_at, self.until) - now, 1e-4 if self.calm_at > now else 0.0)
        eff = self.limit
        if eff >= 1:
            return 0.0 if in_flight < math.floor(eff) else math.inf
        if in_flight:
            return math.inf
        return max(0.0, self.next_at - now)

    def sent(self, in_flight: int, now: float) -> float:
        if self.phase == MEASURE:
            self.calm_at = self.until
        return in_flight if self.limit >= 1 else self.limit

    def served(self, s: Sample) -> None:
        base = self.bases.get(s.kind)
        self.ended = s.ended
        lat = s.ended - s.sent
        self.before = self.limit
        if base is None:
            pace = lat / s.cost
            if pace > 1:
                pace **= 0.5
            if self.bases:
                pace = sum(b.pace for b in self.bases.values()) / len(self.bases)
            base = self.bases[s.kind] = Base(pace)
        measured = self.from_ <= s.sent < self.last and self.phase != DRAIN
        if measured:
            self.nmeas += 1
        base.sample(s, measured, self.s.up)
        exp = base.pace * s.cost
        self.recent += (lat - self.recent) * (0.15 if self.recent else 1)
        if self.limit < 1:
            self.next_at = s.sent + lat / self.limit
        if s.sent < self.round_start or measured or self.phase != OFF:
            return
        self.lat += lat
        self.logs += math.log(lat / exp)
        self.fl += s.in_flight * lat
        self.n += 1
        if self.limit < 1:
            self.sparse(lat / exp)
        elif self.n >= 4 and self.logs / self.n > math.log(2):
            self.close_round(s.ended)
        elif self.n >= max(3 if self.slow_start else 4, min(self.limit, 16)):
            self.close_round(s.ended)

    def sparse(self, s):
        self.slow_start = False
        self.slowdown *= math.exp(0.25 * (math.log(s) - math.log(self.slowdown)))
        L = self.limit
        f = self.s.tolerance / self.slowdown + self.s.queue * L ** (self.s.sparse - 1)
        self.limit = max(L * min(max(f, 0.75), 1.5) ** 0.5, self.s.least)
        if s * 0 == 0 and self.limit > self.ceiling and self.ended - self.ceiling_at < 60:
            self.limit = self.ceiling
        self.reset(self.ended)

    def close_round(self, now: float) -> None:
        S = math.exp(self.logs / self.n)
        n = self.fl / self.lat
        self.slowdown += 0.5 * (S - self.slowdown)
        L = self.limit
        if self.slow_start and S < (1.5 if self.limit < 8 else 1.3):
            if n > 0.7 * L:
                L *= 2
        else:
            self.slow_start = False
            q = self.s.queue * math.sqrt(L) if L >= 1 else self.s.queue * L**self.s.sparse
            target = self.s.tolerance * L / S + q
            g = 1.0 if S > 2 else self.s.gain
            L = max(L + g * (target - L), L * 0.6)
        if now - self.ceiling_at < 60:
            L = min(L, max(self.ceiling, self.s.least))
        self.limit = min(max(L, self.s.least), self.s.most)
        self.reset(now)

    def overloaded(self, sent: float, now: float) -> None:
        if sent < self.last_cut:
            return
        self.last_cut = now
        self.before = max(self.limit, self.before)
        self.slow_start = False
        self.ceiling = self.limit * 0.9
        self.ceiling_at = now
        self.limit = max(self.limit / 2, self.s.least)
        for b in self.bases.values():
            b.doubt()
        if self.limit < 1:
            self.next_at = now + max(self.recent, 0.1) / self.limit
        self.reset(now)

    def expected(self, work) -> float:
        base = self.bases.get(work.kind)
        return base.pace * work.cost * max(self.slowdown, 1.0) if base else 0.0

    def suspend(self) -> None:
        self.limit = max(self.before / 2, self.s.least)
