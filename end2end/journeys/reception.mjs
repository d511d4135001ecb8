// Reception: hours, a directory and rules decide who answers; a call is tried in the page, then rings, and reaches whom the page said.
import { examine, nothing } from "../axe.mjs";
import { assert, journey, plain, shows, sql, stranger, until } from "../kit.mjs";

const SIM = `http://${process.env.ZENCALL_SIM_BIND}`;

/** Asks the simulator as somebody with Vapi's own dashboard does. */
async function vapi(path, options = {}) {
  const answer = await fetch(SIM + path, { ...options, headers: { authorization: "Bearer sandbox-key", "content-type": "application/json" } });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}
const copyOf = async (id) => (await vapi("/assistant?limit=1000")).find((held) => held.metadata?.assistant === id);
const toolsOf = async (id) => (await copyOf(id)).model.tools.map((tool) => tool.function?.name);

const drawer = (visit, key) => visit.page.getByRole("dialog", { name: visit.w(key) });
const save = (form, visit) => form.getByRole("button", { name: visit.w("reception.save"), exact: true }).click();
const closed = (form) => until("the drawer closes", async () => (await form.count()) === 0 || !(await form.isVisible()));

/** An organisation of one's own with one assistant that the provider holds; its id. */
async function begin(visit) {
  const person = stranger();
  await visit.signUp(person);
  await visit.signIn(person);
  await visit.go("/assistants/new");
  await visit.page.getByLabel(visit.w("assistants.name"), { exact: true }).fill("Léa, accueil");
  await visit.button("assistants.create").click();
  await visit.page.waitForURL(/\/assistants\/ast_/);
  const id = visit.page.url().split("/").at(-1);
  await until("the provider holds it", async () => Boolean(await copyOf(id)), { within: 20_000 });
  return id;
}

/** Somebody calls the assistant's number; the page of the call, once it is over. */
async function ring(visit, id, from) {
  const copy = (await copyOf(id)).id;
  const line = "from phone_numbers n join assistants a on a.id = n.assistant_id";
  const number = await until("the number is connected", () => sql(`select n.provider_id ${line} where a.provider_id = '${copy}'`));
  const { id: ref } = await vapi("/_sim/inbound", { method: "POST", body: JSON.stringify({ phoneNumberId: number, from, language: "fr" }) });
  const ended = `select c.id from calls c join call_refs r on r.call_id = c.id where r.provider_call_id = '${ref}' and c.status = 'ended'`;
  const call = await until("the call is over", () => sql(ended), { within: 90_000, every: 250 });
  await visit.go(`/calls/${typed("call", call)}`);
}
/** A row's id as addresses have it. */
function typed(prefix, uuid) {
  const bits = BigInt(`0x${uuid.replaceAll("-", "")}`);
  return `${prefix}_${Array.from({ length: 26 }, (_, at) => "0123456789abcdefghjkmnpqrstvwxyz"[Number((bits >> BigInt(5 * (25 - at))) & 31n)]).join("")}`;
}

journey("hours, people and rules are edited, tried, and decide calls that ring", { timeout: 300_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 422/); // forms that are sent with an error in them
  const id = await begin(visit);

  // Hours: what is wrong stands beside its day; holidays come by a button.
  await visit.go("/reception/hours");
  await shows(page.locator("main"), visit.w("reception.hours_unset"));
  await page.getByLabel(visit.w("reception.day.mon"), { exact: true }).fill("9 - 8h70");
  await page.locator("form", { has: page.locator("[name='form[week][0]']") }).getByRole("button").click();
  await shows(page.locator("main"), visit.w("reception.field.reception.hours"));
  await examine(visit, "hours with an error", found);
  for (const day of ["mon", "tue", "wed", "thu", "fri"]) await page.getByLabel(visit.w(`reception.day.${day}`), { exact: true }).fill("9h-12h, 14:00-18:00");
  await page.locator("form", { has: page.locator("[name='form[week][0]']") }).getByRole("button").click();
  await until("kept as hours are written", async () => (await page.getByLabel(visit.w("reception.day.fri"), { exact: true }).inputValue()) === "09:00-12:00, 14:00-18:00");
  await visit.button("reception.holidays_add").click();
  await shows(page.locator(".day-list"), visit.w("reception.holiday.christmas"));
  await examine(visit, "hours and days", found);

  // The directory.
  await page.getByRole("link", { name: visit.w("reception.tab.people"), exact: true }).click();
  await shows(page.locator("main"), visit.w("reception.people_empty_title"));
  await visit.button("reception.person_add").first().click();
  let form = drawer(visit, "reception.person_new_title");
  await form.locator("[name='form[name]']").fill("Nadia");
  await form.locator("[name='form[number]']").fill("01 99");
  await form.locator("[name='form[duty]']").selectOption("always");
  await save(form, visit);
  await until("the number is refused", async () => (await form.locator("[name='form[number]']").getAttribute("aria-invalid")) === "true");
  await examine(visit, "the form of a person", found);
  await form.locator("[name='form[number]']").fill("+33 1 99 00 24 10");
  await save(form, visit);
  await closed(form);
  await shows(page.locator("main"), "Nadia");

  // The assistant gets its tools, as part of what is published.
  await visit.go(`/assistants/${id}`);
  await page.locator("input[value=transfer_to]").check();
  await page.locator("input[value=request_callback]").check();
  await page.locator("#publish").click();
  const publish = page.getByRole("dialog", { name: visit.w("assistants.publish_title") });
  await shows(publish.locator(".diff").first(), visit.w("reception.built_in.transfer_to"));
  await publish.getByRole("button", { name: visit.w("assistants.publish_as", { n: 2 }), exact: true }).click();
  await until("the provider knows them", async () => (await toolsOf(id)).includes("transfer_to"), { within: 20_000 });

  // Rules: two, and the second goes up by keyboard, where the focus stays.
  await visit.go("/reception");
  await shows(page.locator("main"), visit.w("reception.rules_empty_title"));
  await visit.button("reception.rule_add").first().click();
  form = drawer(visit, "reception.rule_new_title");
  await form.locator("[name='form[caller]']").selectOption("withheld");
  await form.locator("[name='form[way]']").selectOption("refuse");
  await form.locator("[name='form[words]']").fill("Merci d'appeler avec un numéro visible.");
  await examine(visit, "the form of a rule", found);
  await save(form, visit);
  await closed(form);
  await until("one rule", async () => (await page.locator(".rule-list .rule-tools").count()) === 1);
  await visit.button("reception.rule_add").first().click();
  form = drawer(visit, "reception.rule_new_title");
  await form.locator("[name='form[prefix]']").fill("+33 6");
  await form.locator("[name='form[assistant]']").selectOption({ label: "Léa, accueil" });
  await save(form, visit);
  await closed(form);
  await until("two rules", async () => (await page.locator(".rule-list .rule-tools").count()) === 2);
  await visit.button("reception.rule_up", { n: 2 }).focus();
  await page.keyboard.press("Enter");
  await shows(page.locator(".rule-list > li").first(), "+336");
  await until("the focus stays with the rule", () => page.evaluate((label) => document.activeElement?.getAttribute("aria-label") === label, visit.w("reception.rule_down", { n: 1 })));
  await examine(visit, "two rules", found);

  // Tried: who would answer, and why.
  await page.locator(".try-form [name=caller]").fill("+33 6 39 98 12 05");
  await page.locator(".try-form [name=at]").fill("2027-05-14T10:30");
  await page.locator(".try-form").getByRole("button").click();
  const result = page.locator(".try-result");
  await shows(result, visit.w("reception.try_reaches_assistant", { name: "Léa, accueil" }));
  await shows(result, visit.w("reception.try_because_rule", { n: 1 }));
  await visit.go("/reception?try=1&caller=");
  await shows(result, visit.w("reception.try_because_rule", { n: 2 }));
  await shows(result, "numéro visible");
  await examine(visit, "a call that was tried", found);

  // And a call that rings: the rule's assistant answers, and puts the caller through to Nadia.
  await ring(visit, id, "+33639981205");
  await shows(page.locator("main"), visit.w("calls.event.routed", { n: 1, to: visit.w("calls.event.routed_answers", { name: "Léa, accueil" }) }));
  await shows(page.locator("main"), visit.w("calls.event.trying", { to: "Nadia" }));

  // Nobody in the directory: the assistant takes a message instead.
  await visit.go("/reception/people");
  await page.locator(".rule-tools button").last().click();
  await shows(page.locator("main"), visit.w("reception.people_empty_title"));
  await until("the provider is told", async () => !(await toolsOf(id)).includes("transfer_to"), { within: 20_000 });
  await ring(visit, id, "+33639981305");
  const kept = await sql(`select count(*) from call_events e join calls c on c.id = e.call_id where e.kind = 'message' and c.customer_number = '+33639981305'`);
  assert.equal(kept, "1", "a message was taken");
  nothing(found);
});

journey("a call back waits on a phone until it is made, and a tool of one's own is tried before it is saved", { phone: true, timeout: 240_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 422/);
  const id = await begin(visit);
  const copy = (await copyOf(id)).id;
  await sql(`insert into callbacks (id, org_id, number, caller_name, wanted, why) select gen_random_uuid(), org_id, '+33639981200', 'Awa Diop', 'demain matin', 'Devis toiture' from assistants where provider_id = '${copy}'`);
  await visit.go("/reception/callbacks");
  await shows(page.locator(".callbacks-open"), "Devis toiture");
  await examine(visit, "calls to make on a phone", found);
  await page.locator(".callbacks-open button").click();
  await shows(page.locator(".callbacks-done"), "Awa Diop");
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.ok(!(await wide()), "nothing sticks out to the side");

  await visit.go("/reception/tools");
  await visit.button("reception.tool_add").click();
  const form = drawer(visit, "reception.tool_new_title");
  await form.locator("[name='form[name]']").fill("order_status");
  await form.locator("[name='form[description]']").fill("Donne l'état d'une commande");
  await form.locator("[name='form[url]']").fill("https://169.254.169.254/latest");
  await form.locator("[name='form[arguments][0][name]']").fill("order");
  await form.getByRole("button", { name: visit.w("reception.tool_try"), exact: true }).click();
  await shows(form, visit.w("reception.field.address.private"));
  await examine(visit, "the form of a tool", found);
  await form.locator("[name='form[url]']").fill("https://orders.zencall.invalid-name.example/");
  await form.locator("[name=trial]").fill('{"order":"A1"}');
  await form.getByRole("button", { name: visit.w("reception.tool_try"), exact: true }).click();
  await shows(form.locator(".dry-run"), "POST https://orders.zencall.invalid-name.example/", { within: 30_000 });
  await shows(form.locator(".dry-run"), '{"order":"A1"}');
  await save(form, visit);
  await closed(form);
  await shows(page.locator("main"), "order_status");
  assert.ok(!(await wide()), "nothing sticks out to the side");
  await visit.go(`/assistants/${id}`);
  await until("it can be ticked", () => page.locator("input[value=order_status]").isVisible());
  nothing(found);
  assert.equal(plain(await page.locator("h2#h-tools").innerText()), visit.w("assistants.tools"));
});
