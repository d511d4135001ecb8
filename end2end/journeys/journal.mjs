// The journal of incoming webhooks: a delivery that was refused is found and explained; one that was set aside is tried, applied, and in its call.
import { createHmac } from "node:crypto";
import { examine, nothing } from "../axe.mjs";
import { assert, BASE, journey, org, shows, sql, until } from "../kit.mjs";

const crew = () => org(2);
const ref = `journal-${process.pid}`;
const said = (transcript, timestamp) => ({
  type: "transcript", transcriptType: "final", role: "user", transcript, timestamp, call: { id: ref, type: "inboundPhoneCall" },
});

/** Posts one of the provider's messages, signed with this secret. */
async function deliver(message, secret) {
  const body = JSON.stringify({ message });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  const path = new URL(crew().vapi_hook_url).pathname;
  const answer = await fetch(BASE + path, { method: "POST", body, headers: { "x-timestamp": timestamp, "x-signature": signature } });
  return answer.status;
}

journey("a refused delivery is explained, and one that was set aside is tried and applied", { as: crew, timeout: 120_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  const now = Date.now();
  assert.equal(await deliver(said("Bonjour, c’est moi.", now), crew().vapi_hook_secret), 200);
  assert.equal(await deliver(said("Refusé.", now), "another secret"), 401);
  await until("the call", async () => (await sql(`select count(*) from call_refs where provider_call_id = '${ref}'`)) === "1");
  // As if the database had refused it: no page can make that happen.
  const message = JSON.stringify(said("Rappelez-moi demain.", now + 1000)).replaceAll("'", "''");
  await sql(`insert into hook_journal (id, org_id, outcome, reason, kind, provider_call_id, body, body_bytes, created_at)
    select gen_random_uuid(), org_id, 'dead', 'refused', 'transcript', '${ref}', '${message}', 200, date_trunc('milliseconds', now())
    from call_refs where provider_call_id = '${ref}'`);

  // Refused, and why.
  await visit.go("/settings/webhooks");
  await page.getByRole("link", { name: visit.w("account.tab.webhooks_in"), exact: true }).click();
  await page.waitForURL("**/settings/webhooks/incoming");
  const list = page.locator("main");
  await shows(list, visit.w("integrations.reason.bad_signature"));
  await examine(visit, "the journal", found);
  await page.locator("summary", { hasText: visit.w("journal.search") }).click();
  await page.locator("select[name=state]").selectOption("rejected");
  await page.locator("input[name=call]").fill(ref);
  await visit.button("journal.filter").click();
  await page.waitForURL(/state=rejected/);
  await until("the refused one alone", async () => (await page.locator("tbody tr").count()) === 1);
  await visit.button("journal.look").click();
  const sheet = page.getByRole("dialog", { name: visit.w("journal.delivery"), exact: true });
  await shows(sheet, visit.w("journal.why.bad_signature", { header: "x-signature" }));
  await shows(sheet, "Refusé.");
  assert.equal(await sheet.getByRole("button", { name: visit.w("journal.replay"), exact: true }).count(), 0, "what is not proven is not applied");
  await examine(visit, "a refused delivery", found);
  await page.keyboard.press("Escape");

  // Set aside: tried first.
  await page.locator("select[name=state]").selectOption("dead");
  await visit.button("journal.filter").click();
  await page.waitForURL(/state=dead/);
  await until("the one that was set aside", async () => (await page.locator("tbody tr", { hasText: visit.w("journal.dead") }).count()) === 1);
  await visit.button("journal.look").click();
  await shows(sheet, visit.w("integrations.reason.not_applied"));
  await sheet.getByRole("button", { name: visit.w("journal.replay"), exact: true }).click();
  const trial = page.getByRole("dialog", { name: visit.w("journal.replay_title"), exact: true });
  await shows(trial, visit.w("journal.lines_added", { n: 1 }));
  await shows(trial, "Rappelez-moi demain.");
  await examine(visit, "the trial", found);
  assert.equal(await sql(`select count(*) from call_lines where text = 'Rappelez-moi demain.'`), "0", "a trial leaves nothing");

  // Applied, and in the call.
  await trial.getByRole("button", { name: visit.w("journal.replay_do", { n: 1 }), exact: true }).click();
  await until("nothing is set aside any more", async () => (await page.locator("tbody tr").count()) === 0);
  await page.goto(`${BASE}/settings/webhooks/incoming?state=applied&call=${ref}`);
  await visit.alive();
  await page.getByRole("link", { name: visit.w("journal.to_call"), exact: true }).first().click();
  await page.waitForURL(/\/calls\/call_/);
  await shows(page.locator("main"), "Rappelez-moi demain.");
  // Nobody of the next journey is to find it on the line.
  const ended = { type: "status-update", status: "ended", endedReason: "customer-ended-call", timestamp: now + 9000, call: { id: ref } };
  assert.equal(await deliver(ended, crew().vapi_hook_secret), 200);
  nothing(found);
});

journey("the journal can be read on a phone, in the dark, in English", { as: crew, phone: true, dark: true, lang: "en", timeout: 90_000 }, async (visit) => {
  const found = [];
  await visit.go("/settings/webhooks/incoming");
  await examine(visit, "the journal on a phone", found);
  const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, "nothing sticks out");
  nothing(found);
});
