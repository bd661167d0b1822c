"""The three-step workload as a DBOS workflow behind FastAPI, as its documentation shows it.

DBOS journals the start, each step and the end in PostgreSQL before it goes on. Several of these
processes may share a port and a database; each needs an executor id of its own.
"""

import os
import socket
import sys

import aiohttp
import uvicorn
from dbos import DBOS, DBOSConfig
from fastapi import FastAPI
from pydantic import BaseModel

PORT, STEPS, EXECUTOR = int(sys.argv[1]), sys.argv[2], sys.argv[3]

app = FastAPI()
config: DBOSConfig = {
    "name": "peer-dbos",
    "system_database_url": os.environ["PEER_POSTGRES_URL"].replace("postgres://", "postgresql://"),
    "executor_id": EXECUTOR,
    "application_version": "1",
    "log_level": "WARNING",
}
DBOS(config=config)

http: aiohttp.ClientSession | None = None


class Run(BaseModel):
    n: int


@DBOS.step()
async def step(n: int, number: int) -> int:
    global http
    if http is None:
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    async with http.post(f"{STEPS}/step/{number}", json={"n": n}) as answer:
        answer.raise_for_status()
        return (await answer.json())["step"]


@DBOS.workflow()
async def three(n: int) -> int:
    for number in (1, 2, 3):
        await step(n, number)
    return n


@app.post("/run")
async def run(start: Run) -> Run:
    return Run(n=await three(start.n))


@app.post("/ready")
async def ready() -> dict[str, str]:
    return {}


if __name__ == "__main__":
    DBOS.launch()
    shared = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(("127.0.0.1", PORT))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[shared])
