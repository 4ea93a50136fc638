"""A network for the tests of a file: a namespace of its own, with addresses of several hosts, IPv4 and IPv6, and port 25
on each. Nothing in it reaches, or can be reached from, the machine's own network.

    setUpModule, tearDownModule = own_network(['192.0.2.1/32', '2001:db8::1/128'])
"""
import ctypes
import os
import subprocess

from posthouse import WAIT_S

CLONE_NEWNET = 0x40000000


def _call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise AssertionError(f'{name}: {os.strerror(code)}. These tests need a network namespace of their own: run them '
                             'as root, where namespaces may be made (unshare --net true)')


def own_network(addresses):
    """Two functions. The first takes this thread, and all that it starts, into a new namespace in which the addresses
    exist; the second takes it back. That there can be none is a failure, and says so."""
    outside = []

    def enter():
        outside.append(os.open('/proc/thread-self/ns/net', os.O_RDONLY))
        _call('unshare', CLONE_NEWNET)
        commands = ['link set lo up'] + [f'address add {address} dev lo' + (' nodad' if ':' in address else '')
                                         for address in addresses]
        done = subprocess.run(['ip', '-batch', '-'], input='\n'.join(commands), text=True, capture_output=True,
                              timeout=WAIT_S, check=False)
        if done.returncode != 0:
            leave()
            raise AssertionError(f'the addresses of the test\'s network could not be set (is IPv6 off?): {done.stderr}')

    def leave():
        before = outside.pop()
        _call('setns', before, CLONE_NEWNET)
        os.close(before)
    return enter, leave


class OtherHost:
    """A second host at the end of a cable: commands with `prefix` run there. `here` and `there` are addresses with the
    length of their network; clients of this test reach its listeners by those."""

    def __init__(self, here, there):
        self.holder = subprocess.Popen(['unshare', '--net', 'sh', '-c', 'echo there; exec cat'], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        if not self.holder.stdout.readline():
            self.close()
            raise AssertionError('no second network namespace can be made')
        self.prefix = ['nsenter', f'--net=/proc/{self.holder.pid}/ns/net', '--']
        self._ip([], [f'link add cable type veth peer name cable netns {self.holder.pid}', *self._up('cable', here)])
        self._ip(self.prefix, ['link set lo up', *self._up('cable', there)])

    @staticmethod
    def _up(device, addresses):
        return [f'link set {device} up'] + [f'address add {address} dev {device}' + (' nodad' if ':' in address else '')
                                            for address in addresses]

    def _ip(self, prefix, commands):
        done = subprocess.run([*prefix, 'ip', '-batch', '-'], input='\n'.join(commands), text=True, capture_output=True,
                              timeout=WAIT_S, check=False)
        if done.returncode != 0:
            self.close()
            raise AssertionError(f'no cable to a second host (veth): {done.stderr}')

    def close(self):
        """The namespace ends with its last process, and the cable with it."""
        self.holder.communicate(timeout=WAIT_S)
