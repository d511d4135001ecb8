// A finished call says what it amounts to, and each finding leads to the words it rests on.
import { examine, nothing } from "../axe.mjs";
import { answered, assert, demo, journey, org, plain, simulate, until } from "../kit.mjs";

const card = (visit, title) => visit.page.locator("section.card", { has: visit.page.getByRole("heading", { name: visit.w(title), exact: true }) });
const marked = (page) => page.locator('.script li[aria-current="true"]');

journey("a call that has just ended is analysed, and a finding is heard where it was said", { as: () => org(2) }, async (visit) => {
  const { page } = visit;
  await visit.go("/live");
  const id = await simulate(visit, "07");
  await answered(visit);
  await until("the end of the call", () => page.locator(".call-over").isVisible(), { within: 90_000 });
  await page.locator(".call-over").getByRole("link", { name: visit.w("live.open_record") }).click();
  await page.waitForURL(`**/calls/${id}`);
  const analysis = card(visit, "analysis.title");
  // It comes by itself, says that rules made it, and names the complaint.
  await until("the analysis", () => analysis.locator(".findings").isVisible(), { within: 30_000 });
  assert.ok(plain(await analysis.innerText()).includes(plain(visit.w("analysis.by_rules"))));
  const findings = plain(await analysis.locator(".findings").innerText());
  for (const word of ["analysis.is.intent.complaint", "analysis.is.flag.human_asked", "analysis.is.action.review_complaint", "analysis.is.sentiment.negative"]) {
    assert.ok(findings.includes(plain(visit.w(word))), `${word} in ${findings}`);
  }
  // Every quotation stands in the line it names.
  const wrong = await analysis.locator("a.evidence").evaluateAll((links) =>
    links.filter((link) => !document.querySelector(link.getAttribute("href")).querySelector(".say").textContent.includes(link.querySelector("q").textContent)).length);
  assert.equal(wrong, 0);

  await until("the recording has come", () => page.locator(".player").isVisible(), { within: 30_000, every: 250 });
  assert.ok((await page.locator(".waveform svg path").count()) >= 4, "the waveform is the recording's own");
  const last = analysis.locator("a.evidence").last();
  const line = (await last.getAttribute("href")).slice(1);
  await last.click();
  await until("the line is marked", async () => (await marked(page).first().getAttribute("id")) === line);
  const at = () => page.locator("audio").evaluate((audio) => audio.currentTime);
  const from = await at();
  assert.ok(from > 1, "it stands at the line");
  await until("it plays from there", async () => (await at()) > from + 0.3);
  await page.locator(".player").getByRole("button", { name: visit.w("calls.pause"), exact: true }).click();

  // The waits are there, from the times of the report.
  const waits = card(visit, "analysis.waits");
  await waits.locator("summary").click();
  assert.ok((await waits.locator(".waits > li").count()) >= 3);
  const found = [];
  await examine(visit, "a finished call with its analysis", found);
  nothing(found);
});

journey("a call without an analysis is analysed when somebody asks, and a finding leads to its line", { as: () => org(2) }, async (visit) => {
  const { page } = visit;
  await visit.go("/calls?outcome=done&direction=inbound");
  await page.locator("tr.log-row a").nth(4).click(); // of the seed: no job ever saw it
  await page.locator(".record-head").waitFor();
  const analysis = card(visit, "analysis.title");
  await until("its place", () => analysis.isVisible());
  assert.ok(plain(await analysis.innerText()).includes(plain(visit.w("analysis.none"))));
  assert.ok(plain(await analysis.innerText()).includes(plain(visit.w("analysis.again_rules"))), "what it costs is said first");
  await visit.button("analysis.again").click();
  await until("the analysis", () => analysis.locator(".findings").isVisible(), { within: 30_000 });
  const first = analysis.locator("a.evidence").first();
  await first.focus();
  await page.keyboard.press("Enter");
  const line = (await first.getAttribute("href")).slice(1);
  await until("the line is marked", async () => (await marked(page).first().getAttribute("id")) === line);
});

journey("the demonstration's calls come with their analysis, and without a script a finding is a link to its line", { as: demo, script: false, phone: true }, async (still) => {
  await still.page.goto(`${still.base}/calls?outcome=done`);
  await still.page.locator("tr.log-row a").first().click();
  const link = still.page.locator("a.evidence").first();
  await link.waitFor();
  const line = await link.getAttribute("href");
  await link.click();
  assert.equal(new URL(still.page.url()).hash, line);
  assert.ok(await still.page.locator(line).isVisible());
});
