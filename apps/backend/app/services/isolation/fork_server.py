"""A process that has loaded what reads files, and forks one for each request, which then starts in
a hundredth of the time: `python -m app.services.isolation.fork_server`.

Its stdin is a socket to its parent (see `forked`). With each byte come three descriptors: a socket
on which the pid of the process is told that is asked for, and, once it has ended, how; then that
process's stdin and stdout. As long as the parent holds that socket the pid belongs to nobody else.
When the parent is gone, the server ends all that it has forked, and itself.
"""

import contextlib
import errno
import gc
import os
import selectors
import signal
import socket
import traceback
from pathlib import Path
from typing import NoReturn

from app.services.isolation import child
from app.services.isolation.forked import NO_PROCESS, NUMBER

_DESCRIPTORS = 3


def main() -> None:
    with socket.socket(fileno=os.dup(0)) as control:
        gc.collect()
        gc.freeze()  # what is loaded stays shared: no collection writes to it
        _Server(control).serve()


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._channels: dict[int, socket.socket] = {}  # by pid, until the parent lets go
        self._running: set[int] = set()
        self._left: set[int] = set()  # killed, and nobody holds their pid
        self._ended, wake = socket.socketpair()
        self._ended.setblocking(False)
        wake.setblocking(False)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the parent closes its end, or is gone."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._ended:
                        self._tell_ends()
                    elif key.fileobj is not self._control:
                        selector.unregister(key.fileobj)
                        self._forget(key.data)
                    elif not self._answer(selector):
                        for pid in list(self._channels):
                            self._forget(pid)
                        return

    def _answer(self, selector: selectors.BaseSelector) -> bool:
        asked, descriptors, _, _ = socket.recv_fds(self._control, 1, _DESCRIPTORS)
        if not asked:
            return False
        if not descriptors:  # there was no room for one: the parent reads an end
            return True
        channel, pipes = socket.socket(fileno=descriptors[0]), descriptors[1:]
        try:
            if len(pipes) < _DESCRIPTORS - 1:
                raise OSError(errno.EMFILE, "no descriptor is left")
            pid = os.fork()
            if pid == 0:
                _become_child(*pipes)
        except OSError:
            with channel, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                channel.send(NUMBER.pack(NO_PROCESS))
            return True
        finally:
            for pipe in pipes:
                os.close(pipe)
        self._channels[pid] = channel
        self._running.add(pid)
        self._tell(pid, pid)
        selector.register(channel, selectors.EVENT_READ, pid)
        return True

    def _tell_ends(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._ended.recv(4096):
                continue
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT  # it keeps its pid until the parent lets go
        for pid in list(self._running):
            found = os.waitid(os.P_PID, pid, how)
            if found is None:
                continue
            self._running.discard(pid)
            exited = found.si_code == os.CLD_EXITED
            self._tell(pid, found.si_status if exited else -found.si_status)
        self._bury()

    def _tell(self, pid: int, number: int) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._channels[pid].send(NUMBER.pack(number))

    def _forget(self, pid: int) -> None:
        if pid in self._running:
            os.kill(pid, signal.SIGKILL)
            self._running.discard(pid)
        self._channels.pop(pid).close()
        self._left.add(pid)
        self._bury()

    def _bury(self) -> None:
        """Those that nobody holds any more. One that the kernel keeps is not waited for."""
        for pid in list(self._left):
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                self._left.discard(pid)


def _become_child(stdin: int, stdout: int) -> NoReturn:
    """It keeps nothing of the server's: neither its parent's sockets nor those of its siblings."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        for path in list(Path("/dev/fd").iterdir()):
            if int(path.name) > 2:
                with contextlib.suppress(OSError):
                    os.close(int(path.name))
        child.main()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
