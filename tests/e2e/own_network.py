"""A network of the test's own: its process and what it starts see no port of this machine, and may use any address.

    def setUpModule():
        own_network.enter('192.0.2.1')   # beside 127.0.0.1 and ::1
"""
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1


def unshare(flags):
    """For this process for good; before it has started a thread."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def enter(*addresses, mounts=False):
    """A new network with a loopback interface that has these IPv4 addresses as well; `mounts`: what is mounted from
    now on is this process's alone."""
    flags = CLONE_NEWNET | (CLONE_NEWNS if mounts else 0)
    if os.geteuid() == 0:
        unshare(flags)
    else:
        uid, gid = os.geteuid(), os.getegid()
        unshare(flags | CLONE_NEWUSER)
        for name, text in (('setgroups', 'deny'), ('uid_map', f'0 {uid} 1'), ('gid_map', f'0 {gid} 1')):
            with open(f'/proc/self/{name}', 'w') as file:
                file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for number, address in enumerate(addresses, 1):
            request = struct.pack('16sHH4s8x', f'lo:{number}'.encode(), socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(any_socket, SIOCSIFADDR, request)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', IFF_UP))
