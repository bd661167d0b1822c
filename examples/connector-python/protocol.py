"""The connector protocol of Tenure, version 1: JSON-RPC 2.0, one message on each line.

There is nothing to change here. What a connector does is in connector.py; what is said over the
pipes is explained in docs/reference/connector-protocol.md.
"""

import json
import sys
import traceback

PROTOCOL = 1


class Refusal(Exception):
    """A definite no: the system is as it was before."""

    def __init__(self, kind, message, retry_after_seconds=None):
        super().__init__(message)
        self.data = {"class": kind}
        if retry_after_seconds is not None:
            self.data["retryAfter"] = {"secs": int(retry_after_seconds), "nanos": 0}


class Unknown(Exception):
    """A write was sent, and nobody knows whether it was made."""


def serve(description, begin):
    """Answers until the input ends. `begin(settings, secrets)` gives the connector."""
    # Whatever prints by accident must not stand between two messages.
    answers, sys.stdout = sys.stdout, sys.stderr
    connector = None
    for line in sys.stdin:
        request = json.loads(line)
        method, params = request["method"], request["params"]
        answer = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            if method == "initialize":
                connector = begin(params["settings"], params["secrets"])
                answer["result"] = {"protocol": PROTOCOL, "description": description}
            else:
                answer["result"] = call(connector, method, params)
        except Refusal as refusal:
            answer["error"] = {"code": -32000, "message": str(refusal), "data": refusal.data}
        except Unknown as doubt:
            answer["result"] = {"end": "unknown", "message": str(doubt)}
        except Exception as error:
            traceback.print_exc()
            answer["error"] = {"code": -32603, "message": f"{type(error).__name__} in {method}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def call(connector, method, params):
    if method == "check":
        return {"peer": connector.check()}
    if method == "read":
        query, page = params["query"], params["page"]
        return connector.read(query["class"], query["only"], page["size"], page["after"])
    if method == "get":
        return {"account": connector.get(params["account"])}
    if method == "apply":
        change = params["change"]
        connector.apply(change["account"], change["write"], params["operation"], params.get("password"))
        return {"end": "done"}
    if method == "artifacts":
        return {"artifacts": connector.artifacts(params["account"], params["kind"])}
    if method == "changes":
        return connector.changes(params["class"], params["since"])
    raise Refusal("unsupported", f"this connector does not know `{method}`")
