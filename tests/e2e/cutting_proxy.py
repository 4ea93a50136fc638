"""A piece of network that breaks: connections pass through it, and each ends after so many octets in one direction."""
import asyncio
import collections
import errno
import threading
from dataclasses import dataclass

from posthouse import PORTS, WAIT_S, own_address

PIECE_OCTETS = 1 << 16


@dataclass
class Passage:
    """One connection: where it is cut (None: nowhere), and the octets that came through."""
    cut: tuple
    done: bool = False  # it came to the cut
    up: int = 0        # from the one that connects
    down: int = 0


class CuttingProxy:
    """Listens on an address of its own and passes on to `target` (ip, port). Connection number k meets `cuts[k]`, a pair of
    'up' or 'down' and a number of octets: these come through, and then both sides see the end. A cut that its connection
    did not come to waits for another one; connections that find none stay whole."""

    def __init__(self, target, cuts=(), port=PORTS['smtp']):
        self.ip, self.port, self.target = own_address(), port, target
        self.cuts = collections.deque(cuts)
        self.passages, self.troubles = [], []
        self._loop, self._thread, self._stop = None, None, None

    def start(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(ready),), daemon=True)
        self._thread.start()
        if not ready.wait(WAIT_S):
            raise AssertionError('the proxy does not listen')
        return self

    def stop(self):
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(WAIT_S)
            self._thread = None

    async def _serve(self, ready):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._pass, self.ip, self.port, backlog=4096)
        ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _pass(self, reader, writer):
        passage = Passage(self.cuts.popleft() if self.cuts else None)
        self.passages.append(passage)
        writers = [writer]
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self.target)
            writers.append(inner_writer)
            await asyncio.gather(self._pump('up', passage, reader, inner_writer),
                                 self._pump('down', passage, inner_reader, writer))
        except _Cut:
            passage.done = True
        except ConnectionError:  # either side, when it wants
            pass
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # it had gone before the other side did
                self.troubles.append(error)
        finally:
            if passage.cut and not passage.done:
                self.cuts.append(passage.cut)
            for one in writers:
                one.close()

    @staticmethod
    async def _pump(direction, passage, reader, writer):
        left = passage.cut[1] if passage.cut and passage.cut[0] == direction else None
        while left is None or left > 0:
            piece = await reader.read(PIECE_OCTETS if left is None else min(left, PIECE_OCTETS))
            if not piece:
                writer.write_eof()
                return
            setattr(passage, direction, getattr(passage, direction) + len(piece))
            writer.write(piece)
            await writer.drain()
            if left is not None:
                left -= len(piece)
        raise _Cut


class _Cut(Exception):
    """As far as it goes."""
