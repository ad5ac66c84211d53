"""A function of the harness's own: every call is written down by its key before it is answered."""

import collections
import http.server
import json
import queue
import threading
import time


class Counter:
    """an endpoint that speaks Lambda's Invoke; it outlives the server that calls it"""

    def __init__(self):
        self.lock = threading.Lock()
        self.calls = collections.Counter()
        # (name, task token), of calls that brought one.
        self.tokens = queue.SimpleQueue()
        self.server = Endpoint(("127.0.0.1", 0), handler(self))
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def call(self, event):
        with self.lock:
            self.calls[event["key"]] += 1
        if "token" in event:
            self.tokens.put((event["key"], event["token"]))
        time.sleep(event.get("seconds", 0))
        return event["key"]

    def configuration(self):
        """what goes into the server's `rung.toml`"""
        return f'[functions.count]\nurl = "http://127.0.0.1:{self.port}"\n'

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Endpoint(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """the server was killed under way: nobody reads the answer"""


def handler(counter):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(counter.call(event)).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer))

        def log_message(self, *_):
            pass
    return Handler
