// Numbers: Twilio is connected, a number is brought and given to an assistant, a call on it reaches that assistant, and a STOP is seen.
import { examine, nothing } from "../axe.mjs";
import { assert, journey, plain, shows, sql, stranger, until } from "../kit.mjs";

const SIM = `http://${process.env.ZENCALL_SIM_BIND}`;
const MOBILE = "+33639980101";

async function sim(path, body) {
  const answer = await fetch(SIM + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

journey("a number comes from Twilio, rings at its assistant, and a STOP is seen", { timeout: 240_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 422/); // a wrong token, on purpose
  const person = stranger();
  await visit.signUp(person);
  await visit.signIn(person);
  await visit.go("/assistants/new");
  await visit.page.getByLabel(visit.w("assistants.name"), { exact: true }).fill("Léa, accueil");
  await visit.button("assistants.create").click();
  await page.waitForURL(/\/assistants\/ast_/);

  // The keys: a wrong token is told in words, the right one is taken.
  await visit.go("/numbers");
  const twilio = page.locator("section.card", { has: page.locator("#h-twilio") });
  const [sid, token] = plain(await twilio.locator(".callout").innerText()).match(/AC[0-9a-f]{32}|\b[0-9a-f]{32}\b/g);
  await visit.field("numbers.account_sid").fill(sid);
  await visit.field("numbers.auth_token").fill("0".repeat(32));
  await visit.button("numbers.connect_twilio").click();
  await shows(twilio, visit.w("numbers.field.twilio.refused"));
  await examine(visit, "numbers, with a token that was refused", found);
  await visit.field("numbers.auth_token").fill(token);
  await visit.button("numbers.connect_twilio").click();
  await shows(twilio, visit.w("numbers.twilio_connected"));

  // A number is chosen and given to the assistant.
  await page.getByRole("link", { name: visit.w("numbers.import") }).click();
  const held = page.locator(".bring-row", { hasText: "Mobile" });
  await held.locator("select").selectOption({ label: "Léa, accueil" });
  await held.getByRole("button").click();
  const line = page.locator(".line-row", { hasText: "Mobile" });
  await until("in step with the provider", async () => plain(await line.innerText()).includes(visit.w("assistants.sync.in_step")), { within: 30_000 });
  await shows(line, visit.w("numbers.answers", { name: "Léa, accueil" }));
  await examine(visit, "numbers, with one from Twilio", found);

  // Somebody calls it: that assistant answers.
  const number = await sql(`select n.provider_id from phone_numbers n join orgs o on o.id = n.org_id where n.number = '${MOBILE}' and o.name = '${person.company}'`);
  const { id } = await sim("/_sim/inbound", { phoneNumberId: number, from: "+33639981200", language: "fr" });
  const who = `select a.name from calls c join call_refs r on r.call_id = c.id join assistants a on a.id = c.assistant_id where r.provider_call_id = '${id}'`;
  assert.equal(await until("the call is answered", () => sql(who), { within: 60_000, every: 250 }), "Léa, accueil");

  // Somebody writes STOP: it stands there, and what it means.
  await sim("/_sim/twilio/inbound", { from: "+33639981247", to: MOBILE, body: "STOP" });
  await visit.go("/numbers");
  const message = page.locator(".sms-row").first();
  await shows(message, "STOP");
  await shows(message, visit.w("numbers.has_stopped"));
  await examine(visit, "numbers, with a message", found);
  nothing(found);
});
