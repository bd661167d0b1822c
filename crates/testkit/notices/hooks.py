"""The other side of webhooks, by the reference library of Standard Webhooks.

`hooks.py serve PORT FOLDER KEY...` takes calls: each is verified with every key and written to
`calls.jsonl`; the answer is the status in `answer`, or 204. `hooks.py sign KEY ID SECONDS` signs
standard input."""

import datetime
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook


def believes(key, body, headers):
    try:
        Webhook(key).verify(body, headers)
        return True
    except Exception:
        return False


def serve(port, folder, keys):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = {"headers": headers, "body": body, "believed": [believes(key, body, headers) for key in keys]}
            with open(os.path.join(folder, "calls.jsonl"), "a") as file:
                file.write(json.dumps(call) + "\n")
            answer = os.path.join(folder, "answer")
            words = open(answer).read().split() if os.path.exists(answer) else ["204"]
            self.send_response(int(words[0]))
            for header in words[1:]:
                self.send_header(*header.split("=", 1))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass

    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3], sys.argv[4:])
else:
    key, name, seconds = sys.argv[2:5]
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    print(Webhook(key).sign(name, moment, sys.stdin.buffer.read().decode()))
