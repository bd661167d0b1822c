// The three-step workload as a chain of graphile-worker jobs behind node's own HTTP server.
//
// Each job calls its step and adds the next job; the last one writes a row that says the run is
// done, and the start is answered when that row is committed. The worker's own event for a
// finished job comes before its deletion is written, so it would not prove anything.

import http from "node:http";
import { run } from "graphile-worker";
import pg from "pg";

const [port, steps, jobs, localQueue, completeMs, poolSize] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: process.env.PEER_POSTGRES_URL, max: Number(poolSize) });
const agent = new http.Agent({ keepAlive: true });
const waiting = new Map();

function post(url, body) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const request = http.request(url, { method: "POST", agent, headers }, async (answer) => {
      try {
        const text = await read(answer);
        answer.statusCode === 200 ? resolve(text) : reject(new Error(`the step answers ${answer.statusCode}`));
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function read(stream) {
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
}

const step = (number) => async ({ n }, helpers) => {
  await post(`${steps}/step/${number}`, JSON.stringify({ n }));
  if (number < 3) {
    await helpers.addJob(`step-${number + 1}`, { n });
    return;
  }
  await helpers.query("insert into bench_done (n) values ($1) on conflict do nothing", [n]);
  waiting.get(n)?.();
  waiting.delete(n);
};

await pool.query("create table if not exists bench_done (n bigint primary key)");
const runner = await run({
  pgPool: pool,
  noHandleSignals: true,
  taskList: { "step-1": step(1), "step-2": step(2), "step-3": step(3) },
  preset: {
    worker: {
      concurrentJobs: Number(jobs),
      completeJobBatchDelay: Number(completeMs),
      localQueue: { size: Number(localQueue) },
    },
  },
});

const server = http.createServer(async (request, response) => {
  try {
    const { n } = JSON.parse(await read(request));
    const done = new Promise((resolve) => waiting.set(n, resolve));
    await runner.addJob("step-1", { n });
    await done;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ n }));
  } catch (error) {
    response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error: String(error) }));
  }
});
server.listen(Number(port), "127.0.0.1");
