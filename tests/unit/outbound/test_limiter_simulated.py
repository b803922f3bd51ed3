"""The limiter against a modelled server: the knee found, held, followed and shared. Seeded; seconds of real time."""

from __future__ import annotations

import math
from statistics import mean

import pytest

from bench.limiter_simulation import TRUE_MEAN, Server, Simulation, best_fixed, crowd, watch

SHARED = pytest.mark.parametrize("shared", [True, False], ids=["shared", "in-turn"])


@pytest.mark.parametrize("cores", [2, 8])
def test_the_knee_is_found_from_one_within_fifty_requests(cores: int) -> None:
    took = []
    for seed in range(20):
        (client,) = crowd(1, seed=seed)
        simulation = Simulation(Server(cores, shared=bool(seed % 2)), [client])
        while client.limiter.limit < cores and client.done < 300 * TRUE_MEAN:
            simulation.run(simulation.now + 0.05)
        took.append(client.done / TRUE_MEAN)
        assert client.limiter.limit <= 2 * cores + 1
    assert max(took) <= 50


@SHARED
@pytest.mark.parametrize("cores", [1, 2, 8])
def test_nine_tenths_of_the_best_fixed_limit_are_held(cores: int, *, shared: bool) -> None:
    found = watch(Simulation(Server(cores, shared), crowd(1)), 20, 120)
    assert found.throughput >= 0.9 * best_fixed(cores, shared=shared)
    assert found.in_flight <= 2


@SHARED
def test_a_server_that_is_scaled_out_and_in_is_followed(*, shared: bool) -> None:
    server, clients = Server(2, shared), crowd(1)
    simulation = Simulation(server, clients)
    limits = []
    for cores, end in ((2, 47), (8, 107), (1, 187)):
        server.cores = cores
        result = watch(simulation, end - 20, end)
        limits.append(clients[0].limiter.limit)
        assert result.throughput >= 0.85
    assert 2 <= limits[0] <= 5
    assert 8 <= limits[1] <= 13
    assert 1 <= limits[2] <= 3


@SHARED
def test_a_server_that_becomes_four_times_slower_is_not_taken_for_a_crowd(*, shared: bool) -> None:
    server, clients = Server(2, shared), crowd(1)
    simulation = Simulation(server, clients)
    simulation.run(113)
    server.speed = 0.25
    assert watch(simulation, 120, 260).throughput >= 0.25 * 0.25  # it goes on, slowly, until it knows
    assert watch(simulation, 320, 420).throughput >= 0.8 * 0.25
    server.speed = 1.0
    assert watch(simulation, 500, 580).throughput >= 0.85


@SHARED
def test_ten_clients_share_forty_cores_fairly_late_comers_included(*, shared: bool) -> None:
    result = watch(Simulation(Server(40, shared), crowd(10, late=2, late_at=40)), 100, 220)
    assert result.fairness >= 0.8
    assert result.throughput >= 0.9
    assert result.in_flight <= 1.6


@SHARED
def test_fifty_clients_hold_two_cores_at_their_knee_late_comers_included(*, shared: bool) -> None:
    server = Server(2, shared, ceiling=12)
    simulation = Simulation(server, crowd(50, late=10))
    start = watch(simulation, 60, 180)
    assert start.full <= 0.25  # all fifty started at once: it may be full at times, but never stays so
    settled = watch(simulation, 180, 400)
    assert settled.throughput >= 0.85
    assert settled.in_flight <= 4  # of the six for each core at which it fails
    assert settled.full <= 0.1


@SHARED
@pytest.mark.parametrize(("faults", "least", "usual"), [(0.03, 0.85, 0.9), (0.1, 0.75, 0.9), (0.2, 0.6, 0.85)])
def test_faults_that_are_not_its_doing_hardly_slow_it_down(
    faults: float, least: float, usual: float, *, shared: bool
) -> None:
    held = [
        watch(Simulation(Server(2, shared, faults=faults), crowd(1, seed=seed), seed), 20, 120).throughput
        for seed in range(12)
    ]
    assert min(held) >= least
    assert mean(held) >= usual


def test_a_ceiling_below_the_knee_is_kept_under() -> None:
    result = watch(Simulation(Server(40, ceiling=12), crowd(1)), 60, 180)
    assert result.throughput >= 0.6 * 12 / 40
    assert result.failed <= 0.1 * result.throughput * 40 * 120 / TRUE_MEAN
    assert result.full <= 0.6


def test_below_one_in_flight_requests_are_spaced() -> None:
    clients = crowd(50)
    watch(Simulation(Server(2, ceiling=math.inf), clients), 150, 300)
    sparse = [client for client in clients if client.limiter.limit < 1]
    assert len(sparse) >= 35
    assert max(client.in_flight for client in sparse) <= 1


@SHARED
@pytest.mark.parametrize(("noise", "wanted"), [(0.5, 0.85), (0.8, 0.6)])
@pytest.mark.parametrize("cores", [2, 8])
def test_images_that_differ_widely_are_not_taken_for_congestion(
    cores: int, noise: float, wanted: float, *, shared: bool
) -> None:
    for seed in range(3):
        simulation = Simulation(Server(cores, shared), crowd(1, seed=seed, noise=noise), seed=seed)
        assert watch(simulation, 40, 160).throughput >= wanted


@SHARED
@pytest.mark.parametrize("cores", [2, 8])
def test_a_server_three_times_slower_than_predicted_is_used_as_well(cores: int, *, shared: bool) -> None:
    for seed in range(2):
        simulation = Simulation(Server(cores, shared, speed=0.3), crowd(1, seed=seed), seed=seed)
        assert watch(simulation, 240, 400).throughput >= 0.8 * 0.3


def test_requests_of_many_seconds_are_never_starved_by_calm_moments() -> None:
    for seed in range(3):
        simulation = Simulation(Server(2, speed=0.1), crowd(1, seed=seed), seed=seed)
        assert watch(simulation, 400, 800).throughput >= 0.4 * 0.1  # as good as one at a time, at the least


@pytest.mark.parametrize("slow", [1, 2, 3, 10])
@pytest.mark.parametrize("cores", [1, 2, 8])
def test_one_request_of_eleven_seconds_makes_the_others_wait_no_longer(cores: int, slow: int) -> None:
    for phase in range(0, 20, 3):  # wherever calm moments fall
        client = crowd(1)[0]
        client.starts, client.slow = float(phase), {slow: 10.7}
        simulation = Simulation(Server(cores), [client])
        done, longest, since = 0, 0.0, 0.0
        for step in range(600):
            simulation.run(phase + step / 10)
            if client.finished > done:
                done, since = client.finished, simulation.now
            longest = max(longest, simulation.now - since if done else 0.0)
        assert longest <= 11.0
        assert done >= 0.5 * cores * 40 / TRUE_MEAN
