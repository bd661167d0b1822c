"""A mail server for one test: takes mails, reads them with Python's own parser, writes down what
it read. `sink.py PORT FOLDER none|starttls|implicit`; the folder has `server.crt` and
`server.key`, and `mails.jsonl` afterwards. Somebody may sign in as tenure with the password
`only-for-tests`, and must where there is a file `wants-auth`."""

import json
import os
import ssl
import sys
import time
from email import policy
from email.parser import BytesParser

import dkim
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

port, folder, tls = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def path(name):
    return os.path.join(folder, name)


def signed(raw):
    """Whether the signature is good by the public key in `dkim.txt`; none if there is no key."""
    if not os.path.exists(path("dkim.txt")):
        return None
    with open(path("dkim.txt"), "rb") as file:
        record = file.read()
    return dkim.verify(raw, dnsfunc=lambda name, timeout=5: record)


class Taker:
    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = {
            "gone": "550 5.1.1 <%s> is not here" % address,
            "later": "450 4.2.1 come back later",
            "relay": "554 5.7.1 relay access denied",
        }
        answer = answers.get(address.split("@")[0])
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        raw = envelope.original_content
        mail = BytesParser(policy=policy.default).parsebytes(raw)
        if "unwanted" in (mail["Subject"] or ""):
            return "554 5.6.0 unwanted"
        parts = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or tls == "implicit",
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "headers": {name: str(value) for name, value in mail.items()},
            "count": len(mail.keys()),
            "defects": [str(defect) for defect in mail.defects],
            "text": parts["plain"].get_content() if parts["plain"] else None,
            "html": parts["html"].get_content() if parts["html"] else None,
            "longest": max(len(line) for line in raw.split(b"\r\n")),
            "raw": raw.decode("ascii"),
            "signed": signed(raw),
        }
        with open(path("mails.jsonl"), "a") as file:
            file.write(json.dumps(line) + "\n")
        return "250 2.0.0 taken"


def knows(server, session, envelope, mechanism, data):
    good = data.login == b"tenure" and data.password == b"only-for-tests"
    return AuthResult(success=good, handled=False, auth_data=data if good else None)


context = None
if tls != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path("server.crt"), path("server.key"))
Controller(
    Taker(),
    hostname="127.0.0.1",
    port=port,
    ssl_context=context if tls == "implicit" else None,
    tls_context=context if tls == "starttls" else None,
    require_starttls=tls == "starttls",
    authenticator=knows,
    auth_require_tls=tls == "starttls",
    auth_required=os.path.exists(path("wants-auth")),
    auth_exclude_mechanism=["PLAIN"] if os.path.exists(path("no-plain")) else [],
).start()
while True:
    time.sleep(3600)
