# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""The least of a WebSocket client that many connections at once need."""

import base64
import os
import socket
import ssl
import struct

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    """One connection: opened while the caller waits, then not blocking."""

    def __init__(self, host, port, path, tls=None):
        self._waiting = b""
        self._incoming = b""
        self.is_over = False
        plain = socket.create_connection((host, port), timeout=20)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            block = self.socket.recv(4096)
            if not block:
                raise ConnectionError("the other end closed in the handshake")
            head += block
        head, self._incoming = head.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n", 1)[0] + b" ":
            raise ConnectionError(head.decode(errors="replace"))
        self.socket.setblocking(False)

    def fileno(self):
        """Its descriptor."""
        return self.socket.fileno()

    @property
    def wants_to_write(self):
        """Whether bytes wait for room."""
        return bool(self._waiting)

    def send(self, payload, kind=TEXT):
        """Sends a frame, as far as there is room. The mask is all zero, which changes nothing in the payload."""
        size = len(payload)
        if size < 126:
            head = struct.pack("!BBI", 0x80 | kind, 0x80 | size, 0)
        elif size < 65536:
            head = struct.pack("!BBHI", 0x80 | kind, 0xFE, size, 0)
        else:
            head = struct.pack("!BBQI", 0x80 | kind, 0xFF, size, 0)
        self._waiting += head + payload
        self.flush()

    def flush(self):
        """Sends what waits."""
        if not self._waiting or self.is_over:
            return
        try:
            sent = self.socket.send(self._waiting)
            self._waiting = self._waiting[sent:]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return
        except OSError:
            self.is_over = True

    def messages(self):
        """The texts that have come in. Answers pings and a close."""
        self._read()
        data, place, found = self._incoming, 0, []
        while len(data) - place >= 2:
            size, start = data[place + 1] & 127, place + 2
            if size == 126:
                if len(data) < start + 2:
                    break
                size, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif size == 127:
                if len(data) < start + 8:
                    break
                size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if len(data) < start + size:
                break
            kind, payload, place = data[place] & 15, data[start : start + size], start + size
            if kind == TEXT:
                found.append(payload)
            elif kind == PING:
                self.send(payload, PONG)
            elif kind == CLOSE:
                self.send(payload, CLOSE)
                self.is_over = True
        self._incoming = data[place:]
        return found

    def _read(self):
        while not self.is_over:
            try:
                block = self.socket.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError:
                block = b""
            if not block:
                self.is_over = True
                return
            self._incoming += block
            if len(block) < 65536 and not isinstance(self.socket, ssl.SSLSocket):
                return

    def close(self):
        """Closes the descriptor."""
        self.is_over = True
        self.socket.close()
