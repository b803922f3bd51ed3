"""The local system's database and AWS, as the tests themselves use them."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.aws import Aws, open_aws
from local.child import PartError, start
from local.emulator import start_emulator
from local.leftovers import command_of
from local.ports import choose_port
from local.postgres import Postgres, start_postgres
from local.postgres_home import abandon, find_home, installed_binaries
from tests.resources import DLCS_SCHEMA, Buckets, Queues


def eventually(true: Callable[[], bool], patience: float = 10) -> bool:
    deadline = time.monotonic() + patience
    while not (answer := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer


def test_the_database_server_is_postgresql_18_and_wants_a_password(postgres: Postgres) -> None:
    assert postgres.execute("SHOW server_version").startswith("18")
    assert postgres.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules") == "scram-sha-256"
    password = postgres.home.path / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600


def test_the_dlcs_schema_of_the_tests_loads(postgres: Postgres) -> None:
    postgres.create_database("just_dlcs")
    postgres.execute(DLCS_SCHEMA.read_text(), "just_dlcs")
    count = postgres.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'", "just_dlcs"
    )
    assert count == "15"
    postgres.drop_database("just_dlcs")


def test_a_database_survives_its_server_and_a_leftover_server_is_stopped_first(parts_folder: Path) -> None:
    folder, log = parts_folder / "pg-leftover", parts_folder / "pg-leftover.log"
    first = start_postgres(folder, log=log)
    first.create_database("kept")
    second = start_postgres(folder, log=log)  # as after a supervisor that was killed before it could stop the first
    try:
        assert not first.child.alive
        assert second.execute("SELECT 1", "kept") == "1"
    finally:
        second.stop()
        abandon(folder)


def test_a_database_server_killed_with_9_starts_again_on_its_data(parts_folder: Path) -> None:
    folder, log = parts_folder / "pg-killed", parts_folder / "pg-killed.log"
    first = start_postgres(folder, log=log)
    first.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.child.process.kill()
    first.child.process.wait(10)
    second = start_postgres(folder, log=log)
    try:
        assert second.execute("SELECT answer FROM kept") == "42"
    finally:
        second.stop()
        abandon(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must start the server as somebody else")
def test_in_a_private_checkout_the_server_lives_elsewhere_and_brings_its_binaries(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    wheel = installed_binaries().parent.parent
    site = private / "site-packages"
    (site / wheel.name).mkdir(parents=True)
    (site / wheel.name / "pginstall18").symlink_to(wheel / "pginstall18")
    (site / f"{wheel.name}.libs").symlink_to(wheel.parent / f"{wheel.name}.libs")
    folder = private / ".local" / "postgres"
    home = find_home(folder, site / wheel.name / "pginstall18" / "bin")
    try:
        assert private not in home.path.parents
        assert home.path in home.binaries.parents
        done = subprocess.run([home.binaries / "initdb", "--version"], check=True, capture_output=True, text=True)
        assert "18" in done.stdout
        assert find_home(folder).path == home.path
        (home.path / "of-before").touch()
        (folder / "token").write_text("another checkout at the same path")
        assert not (find_home(folder).path / "of-before").exists()
        shutil.rmtree(private)
        find_home(tmp_path / "deleted" / "postgres")
        assert not home.path.exists()  # the twin of a folder that is gone is swept when another one is made
    finally:
        abandon(folder)
        abandon(tmp_path / "deleted" / "postgres")


def test_objects_survive_kill_9_and_messages_an_orderly_end(parts_folder: Path) -> None:
    folder, log = parts_folder / "aws-killed", parts_folder / "aws-killed.log"
    emulator = start_emulator(folder, log=log)
    with open_aws(emulator) as aws:
        aws.make_bucket("kept")
        queue = aws.make_queue("kept")
        aws.sqs.send_message(QueueUrl=queue, MessageBody="kept")
    emulator.stop()
    emulator = start_emulator(folder, log=log)  # on another port, which a queue's address names
    with open_aws(emulator) as aws:
        queue = aws.make_queue("kept")
        for key in ("99/1/page", "99/1/page/original"):
            aws.s3.put_object(Bucket="kept", Key=key, Body=key.encode(), Metadata={"run": "1"})
        received = aws.sqs.receive_message(QueueUrl=queue)["Messages"]
        assert [each.get("Body") for each in received] == ["kept"]
    emulator.child.process.kill()
    emulator.child.process.wait(10)
    emulator = start_emulator(folder, log=log)
    with open_aws(emulator) as aws:
        for key in ("99/1/page", "99/1/page/original"):
            assert aws.s3.get_object(Bucket="kept", Key=key)["Body"].read() == key.encode()
    emulator.stop()


def test_each_test_gets_its_own_empty_buckets_and_queues(aws: Aws, buckets: Buckets, queues: Queues) -> None:
    assert aws.s3.list_objects_v2(Bucket=buckets.storage)["KeyCount"] == 0
    aws.sqs.send_message(QueueUrl=queues.images, MessageBody="{}")
    assert len(aws.sqs.receive_message(QueueUrl=queues.images)["Messages"]) == 1
    assert "Messages" not in aws.sqs.receive_message(QueueUrl=queues.priority)


def test_a_taken_port_is_named_with_what_to_do(aws: Aws) -> None:
    with pytest.raises(PartError, match=rf"port {aws.emulator.port} is taken.*--port-image-server"):
        choose_port("image server", aws.emulator.port)


def test_a_missing_program_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="make setup"):
        start("aws", [tmp_path / "absent"], log=tmp_path / "log")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_dies_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import os, signal; from pathlib import Path; from local.child import start\n"
        f"child = start('nap', ['/bin/sleep', '600'], log=Path('{tmp_path}/log'))\n"
        f"Path('{note}').write_text(str(child.process.pid))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2])
    assert eventually(lambda: "sleep" not in command_of(int(note.read_text())))


def test_a_child_that_does_not_end_when_asked_is_ended(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    child = start("stubborn", [sys.executable, "-c", script], log=tmp_path / "log")
    child.wait_until(lambda: "up" in child.last_words(), 10)
    child.stop(patience=0.2)
    assert child.process.returncode == -signal.SIGKILL
