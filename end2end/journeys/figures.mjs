// Figures open the calls they count; the log as a place to work: tags, views, what is unread, notes, a replay.
import { assert, becomes, journey, org, plain, simulate, sql, until } from "../kit.mjs";

const crew = () => org(1);
const rows = (page) => page.locator("tr.log-row");
const digits = (text) => Number(text.replace(/\D/g, ""));
const lineCount = (text) => (text.match(/^"?call_/gm) ?? []).length;

/** How many calls the log holds under the address one is at, all pages together. */
async function inLog(visit) {
  const href = await visit.page.locator(".log-filters a[download]").getAttribute("href");
  return lineCount(await visit.page.evaluate(async (href) => (await fetch(href)).text(), href));
}

journey("each figure opens exactly the calls it counts, for the house and for one assistant", { as: crew }, async (visit) => {
  const { page } = visit;
  await visit.go("/figures?period=90d");
  const figures = ["calls", "moved"];
  for (const figure of figures) {
    const card = page.locator(`.figure-stats [data-figure="${figure}"]`).first();
    const shown = digits(await card.locator(".v").innerText());
    assert.ok(figure !== "calls" || shown > 50, `only ${shown} calls`);
    await card.click();
    await page.waitForURL(/\/calls\?status=ended/);
    await visit.alive();
    await until("the log is filtered", async () => (await page.locator(".log-filters a[download]").getAttribute("href")).includes("status=ended"));
    await becomes(figure, shown, () => inLog(visit));
    await page.goBack();
    await page.waitForURL(/\/figures/);
    await card.waitFor();
  }
  const table = page.getByRole("table", { name: visit.w("figures.by_assistant") });
  const cell = table.locator('tbody tr').first().locator('[data-figure="done"]');
  const done = digits(await cell.innerText());
  await cell.click();
  await page.waitForURL(/outcome=done.*assistant=ast_/);
  await visit.alive();
  await becomes("done", done, () => inLog(visit));

  // Another period, by link and by hand.
  await page.goBack();
  await page.getByRole("link", { name: visit.w("figures.week"), exact: true }).click();
  await page.waitForURL("**/figures?period=7d");
  await page.locator("input[name=from]").fill("2020-01-01");
  await page.locator("input[name=to]").fill("2020-01-02");
  await page.getByRole("button", { name: visit.w("figures.show") }).click();
  await page.getByText(visit.w("figures.none"), { exact: true }).waitFor();
});

journey("calls are chosen by key and by box, tagged together, and found again under a saved view", { as: crew }, async (visit) => {
  const { page } = visit;
  await visit.go("/calls?status=ended");
  await rows(page).first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  const bar = page.getByRole("region", { name: visit.w("log.selection") });
  await bar.getByText(visit.w("log.chosen", { n: 1 })).waitFor();
  await rows(page).nth(2).locator("input[type=checkbox]").click({ modifiers: ["Shift"] });
  await bar.getByText(visit.w("log.chosen", { n: 3 })).waitFor();
  const name = `Devis ${process.pid}`;
  await bar.getByRole("button", { name: visit.w("log.tags") }).click();
  await page.locator("input[name=tag]").fill(name);
  await page.getByRole("dialog").getByRole("button", { name: visit.w("log.tag_put"), exact: true }).first().click();
  await until("three rows carry the tag", async () => (await rows(page).locator(".log-tags", { hasText: name }).count()) === 3);
  const tag = await sql(`select 'tag' from tags where name = '${name}'`);
  assert.equal(tag, "tag");

  // Found by the tag, kept as a view, there after a new start.
  await page.locator("details.more-filters > summary").click();
  await page.locator("form.filter-panel select[name=tag]").selectOption({ label: name });
  await page.locator("form.filter-panel").getByRole("button", { name: visit.w("calls.apply") }).click();
  await page.waitForURL(/tag=tag_/);
  await until("only the tagged calls", async () => (await rows(page).count()) === 3);
  await page.getByRole("button", { name: visit.w("log.view_save") }).click();
  await page.getByRole("dialog").locator("input[name=name]").fill(`Vue ${process.pid}`);
  await page.getByRole("dialog").getByRole("button", { name: visit.w("log.view_save") }).click();
  const views = page.getByRole("navigation", { name: visit.w("calls.views") });
  await views.getByRole("link", { name: `Vue ${process.pid}` }).waitFor();
  await visit.go("/calls");
  await views.getByRole("link", { name: `Vue ${process.pid}` }).click();
  await until("the view's calls", async () => (await rows(page).count()) === 3);

  // A word that was said is marked where it was said, and the row leads there.
  await visit.go("/calls?q=rendez-vous");
  const hit = rows(page).filter({ has: page.locator("mark") }).first();
  assert.equal(plain(await hit.locator("mark").first().innerText()).toLowerCase(), "rendez-vous");
});

journey("a call is unread until it is opened; notes and the replay stand on its page", { as: crew, allow: [/status of 404/] }, async (visit) => {
  const { page } = visit;
  await visit.go("/calls");
  await rows(page).first().waitFor();
  await visit.go("/home");
  const id = await simulate(visit, "04"); // the caller hangs up after eight seconds
  await visit.go("/home"); // Live opened it
  await until("the call is over", async () => (await sql(`select status from calls where org_id = (select org_id from members join accounts on id = account_id where email = '${crew().email}') order by created_at desc limit 1`)) === "ended", { within: 60_000, every: 500 });
  await sql(`delete from call_reads where account_id = (select id from accounts where email = '${crew().email}')`);
  await visit.go("/calls?seen=no");
  const row = page.locator(`tr.log-row[data-unread]`, { has: page.locator(`a[href*="${id}"]`) });
  await row.waitFor();
  await visit.go(`/calls/${id}`);
  await page.locator(".record-head").waitFor();
  await page.locator("#note-text").fill("À rappeler demain.");
  await page.getByRole("button", { name: visit.w("log.note_add") }).click();
  await page.locator(".note-list li", { hasText: "À rappeler demain." }).waitFor();
  await page.locator("details.fold > summary", { hasText: visit.w("calls.trail") }).click();
  await page.getByRole("button", { name: visit.w("log.replay") }).click();
  await page.getByText(visit.w("log.replay_same")).waitFor();
  const slider = page.getByRole("slider", { name: visit.w("log.replay_slider") });
  await slider.fill("1");
  await page.getByText(visit.w("log.replay_step", { n: 1, all: await slider.getAttribute("max") })).waitFor();
  await visit.go("/calls?seen=no");
  await until("it is read", async () => (await page.locator(`a[href*="${id}"]`).count()) === 0);
});
