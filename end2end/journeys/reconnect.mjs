// The server dies in mid-call and comes back: the page finds it again by itself, and misses and repeats nothing.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { House, ports } from "../house.mjs";
import { answered, assert, demo, journey, lines, shows, simulate, sleep, sql, until } from "../kit.mjs";

journey("a call goes on while its server is killed, and the page catches up without a gap", { timeout: 200_000 }, async (visit) => {
  const { page } = visit;
  // The phone network does not die with our server: the simulator lives in a process that only works, the doors in another.
  const [web, admin, sim] = await ports(3);
  const database = `zencall_browser_crash_${process.pid}`;
  await sql(`create database ${database}`);
  const data = join(process.env.JOURNEY_WORK, "crash");
  mkdirSync(data, { recursive: true });
  const shared = {
    DATABASE_URL: withDatabase(process.env.JOURNEY_DATABASE, database), ZENCALL_DATA_DIR: data, ZENCALL_SIM_BIND: `127.0.0.1:${sim}`,
    BIND: `127.0.0.1:${web}`, ADMIN_BIND: `127.0.0.1:${admin}`, PUBLIC_URL: `http://127.0.0.1:${web}`,
  };
  const worker = new House("crash-worker", shared, "worker");
  const house = new House("crash-server", { ...shared, VAPI_BASE_URL: `http://127.0.0.1:${sim}`, VAPI_API_KEY: "sandbox-key", VAPI_PUBLIC_KEY: "sandbox-public-key" }, "web");
  try {
    await worker.start({ ready: false });
    await until("the simulator answers", () => fetch(`http://127.0.0.1:${sim}/`).then(() => true), { within: 30_000 });
    await house.start();
    visit.base = house.base;
    await visit.signIn(demo());
    await visit.go("/live");
    const pill = page.locator(".link-pill");
    await shows(pill, visit.w("live.link.live"));
    const id = await simulate(visit, "09");
    await answered(visit);
    await until("a conversation", async () => (await lines(page)).length >= 4, { within: 20_000 });
    await page.evaluate(() => (window.mark = "the same page"));

    visit.allow.push(/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /WebSocket connection to .* failed/);
    await house.kill();
    await shows(pill, visit.w("live.link.reconnecting"));
    await until("the page says that it is old", () => page.locator(".live-frame .banner.warn").isVisible());
    const before = await lines(page);
    await sleep(2000); // eight seconds of the call
    await house.start();
    await shows(pill, visit.w("live.link.live"), { within: 20_000 });
    await until("the banner goes", () => page.locator(".live-frame > .banner.warn").isHidden());
    await until("the conversation goes on", async () => (await lines(page)).length >= before.length + 4, { within: 30_000 });
    assert.equal(await page.evaluate(() => window.mark), "the same page", "the page was not loaded again");
    assert.deepEqual((await lines(page)).slice(0, before.length), before);

    await page.locator("#act-end button").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await until("the end", () => page.locator(".call-over").isVisible(), { within: 20_000 });
    await until("the report", async () => (await sql2(database, `select has_report from calls where status = 'ended' and not is_demo order by created_at desc limit 1`)) === "t", { within: 30_000, every: 250 });

    // What was watched, what a fresh page shows, and what is stored are the same.
    const stored = JSON.parse(await sql2(database, `
      select json_agg(text order by at_ms, seq) from call_lines
      where source = 'report' and speaker in ('assistant', 'caller', 'person') and call_id = (select id from calls where not is_demo order by created_at desc limit 1)`));
    assert.ok(stored.length >= before.length + 4);
    await until("every stored line is on the page", async () => {
      const shown = (await lines(page)).map((line) => line.slice(line.indexOf(": ") + 2));
      assert.deepEqual(shown, stored.map((text) => text.trim()));
      return true;
    });
    const marks = await page.locator(".script li.line[id]").evaluateAll((items) => items.map((item) => Number(item.id.slice("line-".length))));
    assert.deepEqual(marks, [...new Set(marks)], "no line twice");
    const watched = await lines(page);
    await visit.go(`/calls/${id}`);
    await page.locator(".record-head").waitFor();
    assert.deepEqual(await lines(page), watched, "a fresh page shows the same");
  } finally {
    await house.kill();
    await worker.kill();
    await sql(`drop database if exists ${database} with (force)`);
  }
});

function withDatabase(url, name) {
  return url.replace(/\/[^/?]*(\?|$)/, `/${name}$1`);
}

const sql2 = (database, statement) => sql(statement, withDatabase(process.env.JOURNEY_DATABASE, database));
