#!/usr/bin/env python3
"""A connector to accounts in a SQLite file, with nothing but Python's standard library.

Make it yours: put your system in the place of the database, one method after the other, and say
in description.json what it can do. Without `settings.database` the accounts are in memory.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import sqlite3
import uuid

from protocol import Refusal, serve

HERE = pathlib.Path(__file__).parent

# The attributes that are columns; `phone` has a table of its own, because it has several values.
COLUMNS = ["id", "employeeNumber", "login", "displayName", "title"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
  id TEXT PRIMARY KEY, employeeNumber TEXT UNIQUE, login TEXT NOT NULL UNIQUE, displayName TEXT,
  title TEXT, active INTEGER NOT NULL DEFAULT 1, password TEXT);
CREATE TABLE IF NOT EXISTS phone (account TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (account, value));
CREATE TABLE IF NOT EXISTS team (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS member (team TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (team, account));
CREATE TABLE IF NOT EXISTS apikey (id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (place INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL);
INSERT OR IGNORE INTO team VALUES ('team-staff', 'staff'), ('team-finance', 'finance');
"""


class Accounts:
    """The connector: what is read, and what is written."""

    def __init__(self, settings, _secrets):
        self.path = settings.get("database", ":memory:")
        # No transaction begins by itself; each write below is one.
        self.db = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        self.db.executescript(SCHEMA)

    def check(self):
        version = self.db.execute("SELECT sqlite_version()").fetchone()[0]
        return f"SQLite {version} with {self.path}"

    # Reading

    def read(self, kind, only, size, after):
        table, see = ("account", self.see) if kind == "account" else ("team", self.see_team)
        if only is not None:
            found = self.find(table, only)
            objects = [] if found is None else [{kind: see(found)}]
            return {"objects": objects, "next": None, "completeness": {"is": "whole"}, "expected": None}
        begin = self.place_after(after)
        ids = self.db.execute(f"SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?", (begin, size + 1)).fetchall()
        count = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        more = len(ids) > size
        return {
            "objects": [{kind: see(row[0])} for row in ids[:size]],
            "next": f"after:{ids[size - 1][0]}" if more else None,
            "completeness": {"is": "open" if more else "whole"},
            "expected": count,
        }

    @staticmethod
    def place_after(token):
        if token is None:
            return ""
        if not token.startswith("after:"):
            raise Refusal("stale", "the page token is not ours; read again from the start")
        return token.removeprefix("after:")

    def get(self, locator):
        found = self.find("account", locator)
        return None if found is None else self.see(found)

    def find(self, table, locator):
        """The id of the one object that a locator means. Values are bound, never put into the text."""
        if "native" in locator:
            column, value = "id", locator["native"]
        else:
            column, value = locator["attribute"]["name"], locator["attribute"]["value"]
        if column not in (COLUMNS if table == "account" else ["id", "name"]):
            raise Refusal("invalid", f"nobody is found by `{column}`; use one of the described attributes")
        row = self.db.execute(f"SELECT id FROM {table} WHERE {column} = ? ORDER BY id LIMIT 2", (value,)).fetchall()
        if len(row) > 1:
            raise Refusal("invalid", f"more than one answers to `{column}`; correct the accounts there")
        return row[0][0] if row else None

    def see(self, account):
        row = self.db.execute(
            f"SELECT {', '.join(COLUMNS)}, active FROM account WHERE id = ?", (account,)).fetchone()
        attributes = {name: {"text": value} for name, value in zip(COLUMNS, row) if value is not None}
        phones = self.db.execute("SELECT value FROM phone WHERE account = ? ORDER BY value", (account,)).fetchall()
        if phones:
            attributes["phone"] = {"list": [{"text": phone[0]} for phone in phones]}
        teams = self.db.execute("SELECT team FROM member WHERE account = ? ORDER BY team", (account,)).fetchall()
        return {
            "nativeId": account,
            "name": row[COLUMNS.index("login")],
            "state": "active" if row[-1] else "disabled",
            "holds": [team[0] for team in teams],
            "attributes": attributes,
            "at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def see_team(self, team):
        name = self.db.execute("SELECT name FROM team WHERE id = ?", (team,)).fetchone()[0]
        return {"nativeId": team, "kind": "group", "name": name}

    def artifacts(self, locator, _kind):
        account = self.find("account", locator)
        rows = self.db.execute("SELECT id, name FROM apikey WHERE account = ? ORDER BY id", (account,)).fetchall()
        times = {"madeAt": None, "usedAt": None, "endsAt": None}
        return [{"kind": "key", "nativeId": row[0], "name": row[1], **times} for row in rows]

    def changes(self, _kind, since):
        end = self.db.execute("SELECT coalesce(max(place), 0) FROM log").fetchone()[0]
        answer = {"answer": "since", "changed": [], "next": f"log:{end}", "more": False}
        if since is None:
            return answer
        place = since.removeprefix("log:")
        if not since.startswith("log:") or not place.isdecimal() or int(place) > end:
            return {"answer": "reset", "why": "the token is not ours"}
        rows = self.db.execute(
            "SELECT account FROM log WHERE place > ? GROUP BY account ORDER BY max(place)", (int(place),)).fetchall()
        for (account,) in rows:
            there = self.find("account", {"native": account}) is not None
            answer["changed"].append({"now": {"account": self.see(account)}} if there else {"gone": account})
        return answer

    # Writing: each write can come twice with the same key, and must end the same.

    def apply(self, locator, write, _operation, password):
        self.db.execute("BEGIN IMMEDIATE")
        try:
            account = self.write(locator, write, password)
            if account is not None:
                self.db.execute("INSERT INTO log (account) VALUES (?)", (account,))
            self.db.execute("COMMIT")
        except sqlite3.IntegrityError:
            self.db.execute("ROLLBACK")
            raise Refusal("exists", "the login or the employee number belongs to somebody else; choose another") from None
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    def write(self, locator, write, password):
        verb = write["do"]
        account = self.find("account", locator)
        if verb == "create":
            return self.create(locator, account, write["attributes"])
        if account is None:
            if verb == "delete":
                return None
            raise Refusal("gone", "nobody answers to this locator; read again, or create the account")
        if verb == "set":
            self.set(account, write["attributes"])
        elif verb == "amend":
            for value in write["remove"]:
                self.db.execute("DELETE FROM phone WHERE account = ? AND value = ?", (account, self.text(value)))
            self.add_phones(account, write["add"])
        elif verb in ("enable", "disable"):
            self.db.execute("UPDATE account SET active = ? WHERE id = ?", (verb == "enable", account))
        elif verb == "grant":
            if self.find("team", {"native": write["entitlement"]}) is None:
                raise Refusal("gone", "there is no such team; create it, or correct the rule that names it")
            self.db.execute("INSERT OR IGNORE INTO member VALUES (?, ?)", (write["entitlement"], account))
        elif verb == "revoke":
            self.db.execute("DELETE FROM member WHERE team = ? AND account = ?", (write["entitlement"], account))
        elif verb == "set-password":
            salt = os.urandom(16)
            hashed = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
            kept = base64.b64encode(salt + hashed).decode()
            self.db.execute("UPDATE account SET password = ? WHERE id = ?", (kept, account))
        elif verb == "end":
            self.db.execute("DELETE FROM apikey WHERE account = ?", (account,))
        elif verb == "delete":
            for table in ("phone", "member", "apikey"):
                self.db.execute(f"DELETE FROM {table} WHERE account = ?", (account,))
            self.db.execute("DELETE FROM account WHERE id = ?", (account,))
        else:
            raise Refusal("unsupported", f"this connector cannot `{verb}`")
        return account

    def create(self, locator, account, attributes):
        """Makes the account, or brings the one that answers to the locator up to date."""
        if "native" in locator:
            if account is None:
                raise Refusal("gone", "an id is given by us and cannot be chosen")
        else:
            name, value = locator["attribute"]["name"], locator["attribute"]["value"]
            if self.text(attributes.setdefault(name, {"text": value})) != value:
                raise Refusal("invalid", f"attribute `{name}` has another value than the locator")
        if account is None:
            account = str(uuid.uuid4())
            login = self.text(attributes.get("login", "cleared"))
            if not login:
                raise Refusal("invalid", "an account needs a `login`")
            self.db.execute("INSERT INTO account (id, login) VALUES (?, ?)", (account, login))
        self.set(account, attributes)
        return account

    def set(self, account, attributes):
        for name, value in attributes.items():
            if name == "phone":
                self.db.execute("DELETE FROM phone WHERE account = ?", (account,))
                self.add_phones(account, [] if value == "cleared" else value.get("list", [value]))
            elif name in COLUMNS:
                if name == "login" and not self.text(value):
                    raise Refusal("invalid", "an account needs a `login`")
                self.db.execute(f"UPDATE account SET {name} = ? WHERE id = ?", (self.text(value), account))
            else:
                raise Refusal("invalid", f"there is no attribute `{name}`")

    def add_phones(self, account, values):
        for value in values:
            self.db.execute("INSERT OR IGNORE INTO phone VALUES (?, ?)", (account, self.text(value)))

    @staticmethod
    def text(value):
        if value == "cleared":
            return None
        if "text" not in value:
            raise Refusal("invalid", "this connector keeps texts only")
        return value["text"]


if __name__ == "__main__":
    serve(json.loads((HERE / "description.json").read_text(encoding="utf-8")), Accounts)
