"""The broker of the tests ends with the last process that uses it, however that one ends."""

import subprocess
import sys
from pathlib import Path

from tests.support.pulsar import end_with, wait_until

USER = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_SH); print('uses it', flush=True); input()"


def test_nothing_is_left_of_a_broker_whose_users_were_killed(tmp_path: Path) -> None:
    users, folder, kept = tmp_path / "users", tmp_path / "broker", tmp_path / "kept"
    folder.mkdir()
    for made in (users, kept):
        made.touch()
    with subprocess.Popen(["sleep", "600"]) as broker:
        (folder / "pid").write_text(str(broker.pid))
        command = [sys.executable, "-c", USER, str(users)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as user:
            assert user.stdout is not None
            assert user.stdout.readline() == "uses it\n"
            end_with(users, folder, kept)
            assert (broker.poll(), folder.exists()) == (None, True)
            user.kill()
        wait_until(lambda: not folder.exists() and not kept.exists())
        assert broker.wait() == -9
