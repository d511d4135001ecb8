// From nothing to a finished call that explains itself.
import { BASE, answered, assert, journey, lines, notePartials, plain, shows, simulate, stranger, until } from "../kit.mjs";

journey("a business signs up, makes an assistant, watches a call and reads how it ended", {}, async (visit) => {
  const { page } = visit;
  const person = stranger();
  await visit.signUp(person);

  // The letter is in the sandbox's mailbox, and its link confirms the address.
  await page.goto(`${BASE}/sandbox/mail`);
  await page.locator("li.mail", { hasText: person.email }).getByRole("link").first().click();
  await page.locator(`a[href*="/confirm/"]`).first().click();
  await shows(page.locator("main"), visit.w("account.confirm.text", { email: person.email }));
  await visit.button("account.confirm.do").click();
  await page.waitForURL("**/sign-in?said=confirmed");
  await shows(page.locator("body"), visit.w("account.said.confirmed"));
  await visit.signIn(person);

  // Home says what is to be done.
  assert.equal(visit.path(), "/home");
  const checklist = page.locator(".checklist");
  await shows(checklist, visit.w("home.steps_left", { n: 4 }));
  await checklist.getByRole("link", { name: visit.w("assistants.create") }).click();

  // A trade, a name: it answers a few seconds later.
  await page.waitForURL("**/assistants/new");
  await page.locator('input[type=radio][value="appointments"]').check();
  await visit.page.getByLabel(visit.w("assistants.name"), { exact: true }).fill("Léa, rendez-vous");
  assert.equal(await page.getByLabel(visit.w("assistants.business"), { exact: true }).inputValue(), person.company);
  await visit.button("assistants.create").click();
  await page.waitForURL(/\/assistants\/asst_|\/assistants\/[a-z]+_/);
  const standing = page.locator("section.card", { has: page.locator("#h-standing") });
  await until("in step with the provider", async () => plain(await standing.innerText()).includes(visit.w("assistants.sync.in_step")), { within: 20_000 });
  const activate = visit.button("assistants.activate");
  if (await activate.isVisible()) {
    await activate.click();
    await shows(standing, visit.w("assistants.state.active"));
    await until("in step again", async () => plain(await standing.innerText()).includes(visit.w("assistants.sync.in_step")), { within: 20_000 });
  }

  // Live, by the rail.
  await page.getByRole("navigation", { name: visit.w("shell.nav"), exact: true }).getByRole("link", { name: visit.w("nav.live") }).click();
  await page.waitForURL("**/live");
  await shows(page.locator(".board"), visit.w("live.empty_title"));
  await shows(page.locator(".link-pill"), visit.w("live.link.live"));
  const id = await simulate(visit, "00");
  const partials = await notePartials(page);
  await answered(visit);
  await until("a first line", async () => (await lines(page)).length > 0, { within: 20_000 });
  const early = await lines(page);
  await until("the conversation grows", async () => (await lines(page)).length >= early.length + 3, { within: 30_000 });
  assert.ok((await partials()).length > 2, "words are shown while they are being said");
  assert.deepEqual((await lines(page)).slice(0, early.length), early, "what stood there stays");

  // It ends by itself, and moves to those that have ended.
  await until("the end of the call", () => page.locator(".call-over").isVisible(), { within: 60_000 });
  await until("the call among those that ended", () => page.locator(`#group-ended`).isVisible());
  assert.equal(await page.locator(`section.board-group:has(#group-ended) a[data-call="${id}"]`).count(), 1);
  const heard = await lines(page);
  await page.locator(".call-over").getByRole("link", { name: visit.w("live.open_record") }).click();

  // The record: why it ended, what was said, what it cost, and how it sounds.
  await page.waitForURL(`**/calls/${id}`);
  await page.locator(".record-head").waitFor();
  const main = page.locator("main");
  await until("the report", async () => !plain(await main.innerText()).includes(visit.w("calls.summary_awaited")), { within: 20_000 });
  const ending = plain(await page.locator(".callout b").first().innerText());
  assert.ok([visit.w("calls.end.caller_ended"), visit.w("calls.end.assistant_ended")].includes(ending), ending);
  assert.deepEqual(await lines(page), heard, "the record has the same words");
  const card = (title) => page.locator("section.card", { has: page.getByRole("heading", { name: visit.w(title), exact: true }) });
  assert.ok(plain(await card("calls.summary").locator("p").first().innerText()).length > 30);
  assert.match(plain(await card("calls.cost").locator(".costs").innerText()), /Total .*\d,\d+/);
  await hear(visit);

  // The list on Home has moved on.
  await visit.go("/home");
  await shows(page.locator(".checklist"), visit.w("home.step_done"));
});

/** The recording plays, goes where a line or the slider says, and marks the line that is heard. */
async function hear(visit) {
  const { page } = visit;
  const player = page.locator(".player");
  await until("the recording has come", () => player.isVisible(), { within: 30_000, every: 250 });
  const at = () => page.locator("audio").evaluate((audio) => audio.currentTime);
  await player.getByRole("button", { name: visit.w("calls.play"), exact: true }).click();
  await until("it plays", async () => (await at()) > 0.3);
  const stamps = page.locator(".script button.stamp");
  const middle = Math.floor((await stamps.count()) / 2);
  const before = await at();
  await stamps.nth(middle).click();
  await until("it plays from the line", async () => (await at()) > before + 2);
  await until("the line is marked", () => page.locator('.script li[aria-current="true"]').count());
  await player.getByRole("button", { name: visit.w("calls.pause"), exact: true }).click();
  const length = await page.locator("audio").evaluate((audio) => audio.duration);
  await player.getByRole("slider").fill((length - 2).toFixed(1));
  await until("it stands where the slider is", async () => Math.abs((await at()) - (length - 2)) < 0.5);
  await page.keyboard.press("ArrowLeft");
}
