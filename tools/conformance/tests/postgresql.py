"""A PostgreSQL of the tests' own, from Debian's package, and a wire to it that can be cut."""

import glob
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading

from support import free_port


def tool(name):
    """where Debian keeps it, newest first; else wherever the path leads"""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    path = found[-1] if found else shutil.which(name)
    assert path, f"`{name}` is missing: `cargo xtask setup` installs the package `postgresql`"
    return path


class Database:
    """lives in a directory that goes with it; refuses to run as root, so another user owns it"""

    def __init__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="rung-pg-"))
        self.data, self.port = self.place / "data", free_port()
        self.owner = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.place, user.pw_uid, user.pw_gid)
            self.owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.run(tool("initdb"), "--auth=trust", "--username=postgres", "--no-sync",
                 "-D", str(self.data))
        with open(self.data / "postgresql.conf", "a") as settings:
            settings.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                           "unix_socket_directories = ''\nmax_connections = 300\n")
        self.control("start")

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.place,
                              stdin=subprocess.DEVNULL, timeout=120, check=False, **self.owner)
        assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def control(self, *arguments):
        # Its output goes to a file: the server inherits it, and a pipe would not end.
        with open(self.place / "control", "a") as told:
            done = subprocess.run(
                [tool("pg_ctl"), "-w", "-D", str(self.data), "-l", str(self.place / "log"),
                 *arguments], stdout=told, stderr=told, stdin=subprocess.DEVNULL,
                cwd=self.place, timeout=120, check=False, **self.owner)
        assert done.returncode == 0, (self.place / "control").read_text()

    def restart(self, how="immediate"):
        self.control("restart", "-m", how)

    def sql(self, text):
        return self.run(tool("psql"), "-qAt", "-h", "127.0.0.1", "-p", str(self.port),
                        "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", text).strip()

    def url(self, schema, port=None):
        return f"postgres://postgres@127.0.0.1:{port or self.port}/postgres?schema={schema}"

    def close(self):
        self.control("stop", "-m", "immediate")
        shutil.rmtree(self.place, ignore_errors=True)


class Wire:
    """a TCP proxy to a port; cut, it swallows what comes and answers nothing, as a lost network
    does"""

    def __init__(self, port):
        self.target, self.is_cut = port, False
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        spoiled = False
        try:
            while data := source.recv(65536):
                # A connection that lost something is of no use any more.
                spoiled = spoiled or self.is_cut
                if spoiled and not self.is_cut:
                    break
                if not spoiled:
                    sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.server.close()
