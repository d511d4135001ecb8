// The call log: what is asked for stands in the address, and everything follows it.
import { readFileSync } from "node:fs";
import { assert, journey, org, plain, sql, until } from "../kit.mjs";

const crew = () => org(4);
const rows = (page) => page.locator("tr.log-row");
const ids = (page) => rows(page).locator("a.log-link").evaluateAll((links) => links.map((link) => link.getAttribute("href").split("/").at(-1)));
const outcomes = async (page) => [...new Set((await rows(page).locator(".status").allInnerTexts()).map(plain))];
const count = async (where) => Number(await sql(`select count(*) from calls where org_id = (select org_id from members join accounts on id = account_id where email = '${crew().email}') and ${where}`));

/** Waits until the rows are those of the address. */
const settled = (page, what, ask) => until(what, ask, { within: 10_000 });

journey("the filter is in the address, and the back button undoes it step by step", { as: crew }, async (visit) => {
  const { page } = visit;
  await visit.go("/calls");
  const all = await ids(page);
  assert.equal(all.length, 50);
  const tabs = page.getByRole("navigation", { name: visit.w("calls.views") });
  await tabs.getByRole("link", { name: visit.w("calls.outcome.missed") }).click();
  await page.waitForURL("**/calls?outcome=missed");
  await settled(page, "only missed calls", async () => (await outcomes(page)).join() === visit.w("calls.outcome.missed"));
  const missed = await ids(page);
  assert.equal(missed.length, Math.min(50, await count("outcome = 'missed'")));

  // More of the filter, from its form; each part is a chip.
  await page.locator("details.more-filters > summary").click();
  await page.locator("form.filter-panel select[name=direction]").selectOption("outbound");
  await page.locator("form.filter-panel").getByRole("button", { name: visit.w("calls.apply") }).click();
  await page.waitForURL((url) => url.search === "?outcome=missed&direction=outbound");
  await until("the form is put away", () => page.locator("form.filter-panel").isHidden());
  const chip = (name) => page.getByRole("link", { name: visit.w("kit.remove_filter", { name: visit.w(name) }) });
  await chip("calls.direction").waitFor();
  await settled(page, "fewer calls", async () => (await ids(page)).length === Math.min(50, await count("outcome = 'missed' and direction = 'outbound'")));
  await chip("calls.outcome").click();
  await page.waitForURL((url) => url.search === "?direction=outbound");
  await settled(page, "all outcomes again", async () => (await outcomes(page)).length > 1);

  // Back, back, back: each step as it was.
  await page.goBack();
  await settled(page, "missed outbound calls", async () => (await outcomes(page)).join() === visit.w("calls.outcome.missed") && (await chip("calls.direction").count()) === 1);
  await page.goBack();
  await settled(page, "missed calls", async () => JSON.stringify(await ids(page)) === JSON.stringify(missed));
  assert.equal(visit.path(), "/calls?outcome=missed");
  await page.goBack();
  await settled(page, "the whole log", async () => JSON.stringify(await ids(page)) === JSON.stringify(all));
  assert.equal(visit.path(), "/calls");

  // The address alone is enough for somebody else.
  await visit.go("/calls?outcome=missed");
  assert.deepEqual(await ids(page), missed);
});

journey("the search finds words that were said and numbers, and offers to clear what finds nothing", { as: crew }, async (visit) => {
  const { page } = visit;
  await visit.go("/calls");
  const all = await ids(page);
  const search = page.getByRole("searchbox", { name: visit.w("calls.search") });
  const number = await sql(`select customer_number from calls where org_id = '${await orgId()}' and customer_number is not null order by created_at desc limit 1`);
  await search.pressSequentially(number.replace("+33", "0"));
  await page.waitForURL((url) => url.searchParams.get("q") === number.replace("+33", "0"));
  const expected = await count(`customer_number = '${number}'`);
  await settled(page, "the calls of the number", async () => (await ids(page)).length === Math.min(50, expected));
  await page.goBack();
  await settled(page, "one step back leads before the search", async () => JSON.stringify(await ids(page)) === JSON.stringify(all));
  assert.equal(await search.inputValue(), "");

  await search.fill("rendez-vous mardi");
  await page.waitForURL(/q=rendez-vous/);
  const said = Math.min(50, await count(`search_text like '%rendez-vous%' and search_text like '%mardi%'`));
  assert.ok(said > 0);
  await settled(page, "what was said", async () => (await ids(page)).length === said && JSON.stringify(await ids(page)) !== JSON.stringify(all));
  await search.fill("zzz personne ne dit cela");
  await page.getByText(visit.w("calls.no_match_title")).waitFor();
  await page.locator(".empty").getByRole("link", { name: visit.w("calls.clear") }).click();
  await page.waitForURL((url) => url.pathname === "/calls" && url.search === "");
  await settled(page, "the whole log", async () => JSON.stringify(await ids(page)) === JSON.stringify(all));
});

journey("pages follow each other without a gap, and the export is exactly the filter", { as: crew }, async (visit) => {
  const { page } = visit;
  const asked = "direction=inbound&outcome=done";
  await visit.go(`/calls?${asked}`);
  const seen = [];
  for (;;) {
    const here = await ids(page);
    seen.push(...here);
    const older = page.getByRole("link", { name: visit.w("kit.older") });
    if (!(await older.count())) break;
    await older.click();
    await settled(page, "the next page", async () => (await ids(page))[0] !== here[0]);
  }
  assert.equal(new Set(seen).size, seen.length, "no call on two pages");
  assert.equal(seen.length, await count("direction = 'inbound' and outcome = 'done'"));
  await page.getByRole("link", { name: visit.w("kit.newest") }).click();
  await settled(page, "the first page", async () => (await ids(page))[0] === seen[0]);

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: visit.w("calls.export") }).click();
  const file = await download;
  assert.match(file.suggestedFilename(), /^zencall-\d{4}-\d\d-\d\d\.csv$/);
  const [head, ...lines] = csv(readFileSync(await file.path(), "utf8"));
  assert.deepEqual(head.slice(0, 5), ["id", "started_at", "direction", "status", "outcome"]);
  assert.deepEqual(lines.map(([id]) => id), seen, "the same calls in the same order");
  assert.deepEqual([...new Set(lines.map((line) => `${line[2]} ${line[4]}`))], ["inbound done"]);
});

const orgId = () => sql(`select org_id from members join accounts on id = account_id where email = '${crew().email}'`);

/** A CSV text as rows of cells (RFC 4180). */
function csv(text) {
  const cells = text.matchAll(/("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/g);
  const found = [[]];
  for (const [whole, cell, mark] of cells) {
    if (!whole && !mark) break;
    found.at(-1).push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (mark !== ",") found.push([]);
  }
  return found.filter((row) => row.length > 1);
}
