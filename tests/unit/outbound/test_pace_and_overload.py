"""What the limiter rests on: the server's own pace, calm moments, and whose fault a fault is."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outbound.calm import Calm, Phase
from engine.outbound.costs import Work, reading_info, rendering
from engine.outbound.lately import Lately
from engine.outbound.overload import Judgement, Overload
from engine.outbound.pace import Pace
from engine.outbound.rounds import Round
from images.size import Size

SECONDS = st.floats(1e-4, 1e4)
PHOTOGRAPH = Size(4608, 3456)


def measured(pace: Pace, *seconds: float, kind: str = "jp2", calm: bool = True, alone: bool = True) -> None:
    for took in seconds:
        pace.learn(kind, took, calm=calm, alone=alone, slowdown=1.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), SECONDS, st.booleans(), st.booleans(), st.floats(0.1, 100))))
def test_the_pace_stays_a_number_that_was_possible(story: list[tuple[str, float, bool, bool, float]]) -> None:
    pace = Pace()
    for kind, seconds, calm, alone, slowdown in story:
        pace.learn(kind, seconds, calm=calm, alone=alone, slowdown=slowdown)
        assert 0 < pace.seconds(kind) < math.inf
    assert pace.seconds("never seen") == 0


def test_calm_measurements_count_and_others_no_longer_do() -> None:
    pace = Pace()
    measured(pace, 1.0, 1.0, 1.0)
    measured(pace, *[5.0] * 200, calm=False)
    assert pace.sure
    assert pace.seconds("jp2") == pytest.approx(1.0)


def test_until_it_was_calm_the_first_and_the_quickest_requests_are_believed() -> None:
    pace = Pace()
    measured(pace, 0.3, 0.3, 0.3, calm=False)
    assert pace.seconds("jp2") == pytest.approx(0.3)
    measured(pace, *[0.1] * 40, calm=False)
    assert 0.1 <= pace.seconds("jp2") <= 0.13


def test_a_server_that_seems_much_slower_than_any_known_is_believed_but_in_part() -> None:
    pace = Pace()
    measured(pace, *[9.0] * 3, calm=False)
    assert 5.0 < pace.seconds("jp2") < 6.0
    pace = Pace()
    measured(pace, *[40.0] * 3, calm=False)
    assert pace.seconds("jp2") < 20.0


def test_three_that_agree_move_all_kinds_and_one_that_does_not_moves_none() -> None:
    pace = Pace()
    measured(pace, *[1.0] * 10)
    measured(pace, *[2.0] * 10, kind="jpeg")
    measured(pace, 4.0)
    assert pace.suspects
    assert pace.seconds("jpeg") == pytest.approx(2.0)
    measured(pace, 4.0, 4.0)
    assert pace.seconds("jpeg") == pytest.approx(8.0, rel=0.3)


def test_slow_measurements_of_many_at_once_are_not_believed_but_looked_into() -> None:
    pace = Pace()
    measured(pace, *[1.0] * 10)
    measured(pace, *[8.0] * 10, alone=False)
    assert pace.suspects
    assert pace.seconds("jp2") == pytest.approx(1.0)


def test_all_engines_have_their_calm_moment_at_the_same_time_of_day() -> None:
    moments = []
    for start in (1003.0, 1011.0, 1019.9):
        calm = Calm(20.0, start, random.Random(1).random)
        now = start
        while calm.phase is Phase.USUAL:
            now += 0.05
            calm.look(0, now, usual=0.2, alone=0.2, level=2.0, sparse=False)
        moments.append(now)
    assert max(moments) - min(moments) <= 0.1
    assert 1020 <= min(moments) <= 1020.1


def test_a_moment_waits_for_what_is_out_but_not_for_ever() -> None:
    calm = Calm(20.0, 1000.0, random.Random(1).random)
    calm.look(3, 1020.0, usual=0.5, alone=0.5, level=2.0, sparse=False)
    calm.look(3, 1021.0, usual=0.5, alone=0.5, level=2.0, sparse=False)
    assert calm.wait(3, 1021.0, 0.5) > 0
    calm.look(3, 1022.1, usual=0.5, alone=0.5, level=2.0, sparse=False)
    assert calm.phase is Phase.USUAL
    assert not calm.measures(1022.1)


def test_who_comes_late_to_a_moment_lets_it_pass() -> None:
    calm = Calm(20.0, 1000.0, random.Random(1).random)
    calm.look(0, 1025.0, usual=0.5, alone=0.5, level=2.0, sparse=False)
    assert calm.phase is Phase.USUAL


def test_moments_come_the_rarer_the_longer_requests_take_and_some_for_all() -> None:
    moments = {}
    for alone in (0.5, 2.0, 10.0):
        calm, moments[alone] = Calm(20.0, 0.0, random.Random(1).random), set[int]()
        for interval in range(1, 33):
            calm.look(0, 20.0 * interval + 0.01, usual=0.1, alone=alone, level=2.0, sparse=False)
            if calm.phase is not Phase.USUAL:
                moments[alone].add(interval)
            for step in range(10):
                calm.look(0, 20.0 * interval + 1 + step, usual=0.1, alone=alone, level=2.0, sparse=False)
    assert [len(found) for found in moments.values()] == [32, 16, 4]
    assert moments[10.0] <= moments[2.0] <= moments[0.5]


def test_one_slow_answer_is_not_what_requests_usually_take() -> None:
    lately = Lately()
    known = []
    for took in (10.7, 0.3, 0.3):
        lately.add(took, 0.3)
        known.append(lately.known)
    assert known == [False, False, True]
    assert lately.usual == pytest.approx(0.3)
    for _ in range(20):
        lately.add(0.3, 0.3)
    lately.add(60.0, 0.3)
    assert lately.usual < 0.5
    assert lately.bounded(60.0) <= 2.0


def test_a_round_needs_more_requests_where_their_times_scatter() -> None:
    needed = []
    for scatter in (0.2, 0.5, 0.8):
        one, count = Round(0.0), 0
        while not count or not one.tells(4.0, scatter, starting=False):
            one.add(1.1, 4.0)
            count += 1
        needed.append(count)
    assert needed == [4, 25, 32]


def test_a_round_of_few_suffices_when_the_slowdown_leaves_no_doubt() -> None:
    one = Round(0.0)
    for _ in range(4):
        one.add(3.0, 16.0)
    assert one.tells(16.0, 0.2, starting=False)


def test_a_pace_learns_how_widely_times_scatter() -> None:
    chance, pace = random.Random(1), Pace()
    assert pace.scatter == 0.2
    measured(pace, *(chance.lognormvariate(0.0, 0.7) for _ in range(200)))
    assert 0.5 <= pace.scatter <= 0.9
    assert pace.doubtful < 0.1
    measured(pace, *[1.0] * 200)
    assert pace.scatter == 0.2


def test_a_calm_moment_that_is_as_slow_as_the_others_shows_that_nobody_else_is_there() -> None:
    pace = Pace()
    measured(pace, *[9.0] * 4, calm=False)
    assert pace.seconds("jp2") < 6.0
    measured(pace, 9.0)
    assert pace.seconds("jp2") == pytest.approx(9.0)


def answers(overload: Overload, now: float, pattern: str) -> None:
    for letter in pattern:
        overload.note(now, fault=letter == "x")


def test_faults_that_go_on_after_a_cut_are_the_background() -> None:
    overload = Overload()
    answers(overload, 1.0, "..x......x")
    overload.cut(2.0)
    answers(overload, 3.0, ".....x...x..")
    assert overload.judge(4.0, crowded=False) is Judgement.BACKGROUND
    assert not overload.calls_for_cut(5.0)
    assert overload.calls_for_cut(60.0)


def test_faults_that_end_with_a_cut_were_our_doing() -> None:
    overload = Overload()
    answers(overload, 1.0, "..xx..x.x")
    overload.cut(2.0)
    answers(overload, 3.0, "............")
    assert overload.judge(4.0, crowded=False) is Judgement.RELIEVED


@pytest.mark.parametrize(("crowded", "pattern"), [(False, "xx.x.x.x.x.."), (True, "...x...x....")])
def test_many_faults_or_those_of_a_crowded_server_are_never_the_background(pattern: str, *, crowded: bool) -> None:
    overload = Overload()
    answers(overload, 1.0, "xxxx.xxx")
    overload.cut(2.0)
    answers(overload, 3.0, pattern)
    assert overload.judge(4.0, crowded=crowded) is Judgement.SEVERE


def test_answers_to_what_was_sent_before_a_cut_say_nothing_of_it() -> None:
    overload = Overload()
    overload.cut(2.0)
    answers(overload, 1.9, "xxxxxxxxxxxx")
    assert overload.judge(4.0, crowded=False) is Judgement.OPEN


@pytest.mark.parametrize("format_", ["jp2", "j2k", "jph", "jpx"])
def test_jpeg_2000_costs_what_it_shows(format_: str) -> None:
    small, large = (rendering(format_, PHOTOGRAPH, size) for size in (Size(100, 75), Size(1024, 768)))
    assert small.kind == large.kind == "jp2"
    assert 2 * small.cost < large.cost
    assert large == rendering(format_, Size(40_000, 30_000), Size(1024, 768))


def test_all_else_costs_what_it_is_and_is_measured_by_itself() -> None:
    small = rendering("jpeg", Size(800, 600), Size(400, 300))
    large = rendering("jpeg", PHOTOGRAPH, Size(400, 300))
    assert 2 * small.cost < large.cost
    assert {large.kind, rendering("tiff", PHOTOGRAPH, Size(1, 1)).kind, reading_info("jpeg").kind} == {
        "jpeg",
        "tiff",
        "info of jpeg",
    }
    assert isinstance(large, Work)
