// The examples of docs/reference.md, taken from the document itself: the TypeScript is checked strictly and run, the commands are run, all of it
// against the server, as whoever copies them would.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { BASE, assert, sql, until } from "../kit.mjs";

const text = readFileSync(new URL("../../docs/reference.md", import.meta.url), "utf8");
const blocks = (language) => [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code);
// Beside the packages they import.
const folder = fileURLToPath(new URL("../results/examples", import.meta.url));
after(() => rmSync(folder, { recursive: true, force: true }));

const [house] = JSON.parse(readFileSync(join(process.env.JOURNEY_WORK, "examples.json"), "utf8"));
const api = (method, path, body) => fetch(`${BASE}/api/v1${path}`, {
  method,
  headers: { authorization: `Bearer ${house.api_key}`, "content-type": "application/json" },
  body: body && JSON.stringify(body),
});

/** Checks all blocks as one program, and loads it. */
async function compiled() {
  mkdirSync(folder, { recursive: true });
  const [source, world] = [join(folder, "examples.mts"), join(folder, "world.d.ts")];
  writeFileSync(source, blocks("ts").join("\n"));
  writeFileSync(world, "declare const process: { env: Record<string, string | undefined> };\ndeclare type Buffer = Uint8Array;\n");
  const program = ts.createProgram([source, world], {
    strict: true,
    noUnusedLocals: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
  });
  const faults = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  assert.deepEqual(faults.map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, "\n")), []);
  return import(pathToFileURL(join(folder, "examples.mjs")));
}

test("the TypeScript of the reference authenticates, pages, does things once and tells errors apart", { timeout: 60_000 }, async () => {
  const examples = await compiled();
  process.env.ZENCALL_URL = BASE;
  process.env.ZENCALL_KEY = house.api_key;
  assert.match(await examples.whoAmI(), /^Seed of .+ may calls\.read, /);

  // Every call that is over, page after page, each once.
  const counted = Number(await sql(`select count(*) from calls c join api_keys k using (org_id) where k.hint = '${house.api_key.slice(-4)}' and c.status = 'ended'`));
  const ids = await examples.endedSince("2020-01-01");
  assert.ok(counted > 50, "more than one page");
  assert.deepEqual([ids.length, new Set(ids).size], [counted, counted]);

  // Asked twice, done once; another request under the name is refused, and says why.
  const { items } = await (await api("GET", "/assistants?fields=id,state")).json();
  const assistant = items.find(({ state }) => state === "active").id;
  const first = await examples.remind(assistant, "4712", "+33 6 39 98 12 00");
  assert.match(first.id, /^call_/);
  assert.deepEqual(await examples.remind(assistant, "4712", "+33 6 39 98 12 00"), first);
  const refusal = (status, code) => (error) => {
    assert.ok(error instanceof examples.Refusal, String(error));
    assert.deepEqual([error.status, error.problem.code], [status, code]);
    assert.match(error.requestId, /^req_/);
    return true;
  };
  await assert.rejects(examples.remind(assistant, "4712", "+33 6 39 98 12 01"), refusal(422, "idempotency_key_reused"));
  await assert.rejects(examples.zencall("GET", "/calls/nonsense"), refusal(404, "not_found"));
  await assert.rejects(examples.zencall("POST", "/calls", { assistant, number: "12" }), (error) => error.problem.errors.number === "phone.not_dialable");
  process.env.ZENCALL_KEY = "zc_test_nonsense";
  await assert.rejects(examples.whoAmI(), refusal(401, "unauthenticated"));
  process.env.ZENCALL_KEY = house.api_key;

  // A limit passes: the answer says when, and the example waits as long.
  const real = globalThis.fetch;
  let sent = 0;
  globalThis.fetch = (...request) => {
    sent += 1;
    return sent > 2 ? real(...request) : Promise.resolve(sent === 1
      ? new Response(JSON.stringify({ code: "rate_limited", title: "too many" }), { status: 429, headers: { "retry-after": "1" } })
      : Promise.reject(new TypeError("the connection broke")));
  };
  const began = Date.now();
  try {
    assert.deepEqual(await examples.remind(assistant, "4712", "+33 6 39 98 12 00"), first);
  } finally {
    globalThis.fetch = real;
  }
  assert.ok(sent === 3 && Date.now() - began >= 1000, `${sent} requests`);
});

test("the receiver of the reference takes what Zencall sends, once, and nothing else", { timeout: 60_000 }, async () => {
  const { receive } = await compiled();
  const [host, port] = process.env.JOURNEY_EXAMPLES_SINK.split(":");
  const [came, events] = [[], []];
  const server = createServer(async (incoming, answer) => {
    const pieces = [];
    for await (const piece of incoming) pieces.push(piece);
    const [url, init] = [`http://${host}:${port}/`, { method: "POST", headers: incoming.headers, body: Buffer.concat(pieces) }];
    came.push([url, init]);
    answer.writeHead((await receive(new Request(url, init), (event) => events.push(event))).status).end();
  });
  after(() => server.close());
  server.unref();
  await new Promise((ready) => server.listen(Number(port), host, ready));
  const endpoint = await (await api("POST", "/webhooks", { url: `http://${host}:${port}/hooks`, event_types: ["key.revoked"] })).json();
  process.env.ZENCALL_WEBHOOK_SECRET = endpoint.secret;
  const made = await (await api("POST", `/webhooks/${endpoint.id}/sample`, { type: "call.ended" })).json();
  await until("the event", () => events.length > 0);
  assert.equal(events[0].type, "call.ended");

  // The same one again is heard and not done again; one that was changed is refused.
  assert.ok((await api("POST", `/webhook-deliveries/${made.id}/resend`, {})).ok);
  await until("the second delivery", () => came.length > 1);
  assert.equal(events.length, 1);
  const [url, init] = came[0];
  const again = (change) => receive(new Request(url, { ...init, ...change }), () => assert.fail("it is not to be done"));
  assert.equal((await again({})).status, 204);
  assert.equal((await again({ body: `${init.body} ` })).status, 400);
  assert.equal((await again({ headers: { ...init.headers, "webhook-timestamp": "1700000000" } })).status, 400);
  assert.equal((await api("DELETE", `/webhooks/${endpoint.id}`)).status, 204);
});

test("the commands of the reference do what they say", { timeout: 60_000 }, async () => {
  const { items } = await (await api("GET", "/assistants?fields=id,state")).json();
  const assistant = items.find(({ state }) => state === "active").id;
  const commands = blocks("sh").filter((code) => code.startsWith("curl ") && code.includes("$ZENCALL_KEY"));
  assert.ok(commands.length >= 4, `${commands.length} commands`);
  for (const command of commands) {
    const real = command.replaceAll("https://zencall.example", BASE).replaceAll("ast_01jq…", assistant).replaceAll("2026-11-01", "2020-01-01");
    const { stdout } = await promisify(execFile)("bash", ["-c", `curl() { command curl --silent --show-error --fail-with-body "$@"; }\n${real}`], {
      env: { ...process.env, ZENCALL_KEY: house.api_key },
    });
    const answer = JSON.parse(stdout);
    if (command.includes("/me")) assert.equal(answer.key.name, "Seed");
    else if (command.includes("-X POST")) assert.match(answer.id, /^call_/);
    else assert.ok(answer.items.length > 0, command);
  }
});
