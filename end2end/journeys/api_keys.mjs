// Keys of the public API: made, used, seen at work, rolled, revoked, refused.
import { examine, nothing } from "../axe.mjs";
import { BASE, assert, journey, org, plain, shows, until } from "../kit.mjs";

const me = (key) => fetch(`${BASE}/api/v1/me`, { headers: { authorization: `Bearer ${key}` } });

/** The secret that is shown this once. */
const secret = async (visit) => {
  await shows(visit.page.locator("main"), visit.w("api_keys.fresh"));
  return visit.page.locator(".fresh-key").innerText();
};

journey("a key is made, used, seen in the log, rolled and revoked", { as: () => org(1), timeout: 120_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 422/); // the form that is sent with nothing ticked
  await visit.go("/settings/api-keys");
  await shows(page.locator("main"), visit.w("api_keys.test_title"));
  await examine(visit, "the keys", found);

  // What is wrong is told beside the field; then there is a key, shown once.
  await visit.button("api_keys.new").first().click();
  const form = page.getByRole("dialog", { name: visit.w("api_keys.new_title") });
  await form.locator("[name='form[name]']").fill("Agenda");
  await form.getByRole("button", { name: visit.w("api_keys.make"), exact: true }).click();
  await shows(form, visit.w("api_keys.field.key.scopes"));
  await examine(visit, "the form with an error", found);
  await form.locator("input[value='calls.read']").check();
  await form.locator("input[value='assistants.read']").check();
  // Limited to one assistant, chosen here.
  await form.locator("input[value='some']").check();
  const choice = form.locator("label", { has: page.locator("input[name='form[assistants][]']") });
  const names = (await choice.allInnerTexts()).map(plain);
  assert.ok(names.length >= 2, "there is something to choose from");
  await choice.nth(0).locator("input").check();
  await examine(visit, "the form with a limit", found);
  await form.getByRole("button", { name: visit.w("api_keys.make"), exact: true }).click();
  const first = await secret(visit);
  assert.match(first, /^zc_test_[0-9a-z]{58}$/);
  await examine(visit, "the key that is shown once", found);

  // It does what was ticked, and no more.
  const known = await (await me(first)).json();
  assert.deepEqual(known.key.scopes, ["calls.read", "assistants.read"]);
  const assistants = async (key) => {
    const answer = await fetch(`${BASE}/api/v1/assistants`, { headers: { authorization: `Bearer ${key}` } });
    return (await answer.json()).items.map((assistant) => plain(assistant.name));
  };
  assert.deepEqual(await assistants(first), [names[0]]);
  const calls = async () => (await (await fetch(`${BASE}/api/v1/calls?limit=2`, { headers: { authorization: `Bearer ${first}` } })).json()).items;
  assert.ok((await calls()).every((call) => plain(call.assistant_name) === names[0]), "calls of the chosen assistant only");
  const refused = await fetch(`${BASE}/api/v1/keys`, { headers: { authorization: `Bearer ${first}` } });
  assert.equal(refused.status, 403);
  assert.equal((await refused.json()).needs, "keys.manage");

  // Read again, it is in the list without its secret, and its requests stand in the log.
  await visit.go("/settings/api-keys");
  const row = page.locator("tr", { hasText: "Agenda" }).filter({ hasText: first.slice(-4) });
  await until("the requests in the log", async () => {
    await visit.button("api_keys.refresh").click();
    return plain(await page.locator("#requests").innerText()).includes("GET /api/v1/calls");
  });
  await shows(page.locator("#requests"), "403");
  assert.ok(!(await page.content()).includes(first), "the secret is gone");
  await row.getByRole("link", { name: "Agenda" }).click();
  await page.waitForURL(/\?key=key_/);
  await examine(visit, "the requests of one key", found);

  // The limit stands beside it, and is changed: another assistant, then all of them.
  await shows(row, plain(visit.w("api_keys.limited", { names: names[0] })));
  const relimit = async (work) => {
    await row.getByRole("button", { name: visit.w("api_keys.limit"), exact: true }).click();
    const drawer = page.getByRole("dialog", { name: plain(visit.w("api_keys.limit_title", { name: "Agenda" })) });
    await work(drawer);
    await drawer.getByRole("button", { name: visit.w("api_keys.limit_save"), exact: true }).click();
    await drawer.waitFor({ state: "hidden" });
  };
  await relimit(async (drawer) => {
    assert.ok(await drawer.locator("input[name='form[assistants][]']").nth(0).isChecked());
    await examine(visit, "the limit of a key", found);
    await drawer.locator("input[name='form[assistants][]']").nth(0).uncheck();
    await drawer.locator("input[name='form[assistants][]']").nth(1).check();
  });
  await shows(row, plain(visit.w("api_keys.limited", { names: names[1] })));
  assert.deepEqual(await assistants(first), [names[1]]);
  await relimit((drawer) => drawer.locator("input[value='all']").check());
  await until("no limit", async () => !plain(await row.innerText()).includes(names[1]));
  assert.ok((await assistants(first)).length >= 2);
  assert.equal((await calls()).length, 2);

  // Rolled without grace: the new secret is good, the old one is not.
  await row.getByRole("button", { name: visit.w("api_keys.roll"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: plain(visit.w("api_keys.roll_title", { name: "Agenda" })) });
  await dialog.locator("select").selectOption("0");
  await dialog.getByRole("button", { name: visit.w("api_keys.roll"), exact: true }).click();
  await until("another secret", async () => (await page.locator(".fresh-key").count()) === 1);
  const second = await secret(visit);
  assert.notEqual(second, first);
  assert.equal((await me(second)).status, 200);
  assert.equal((await me(first)).status, 401);

  // Revoked, by keyboard: pressed twice.
  const renewed = page.locator("tr", { hasText: second.slice(-4) });
  const revoke = renewed.getByRole("button").last();
  await revoke.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await shows(renewed, visit.w("api_keys.state.revoked"));
  const over = await me(second);
  assert.equal(over.status, 401);
  assert.equal((await over.json()).reason, "revoked");
  nothing(found);
});

journey("the description of the API can be read without script", { as: () => org(1) }, async (visit) => {
  const found = [];
  await visit.page.goto(`${BASE}/api/docs`);
  await shows(visit.page.locator("h1"), "Zencall API");
  await visit.page.locator("#start_call summary").click();
  await shows(visit.page.locator("#start_call"), "Idempotency-Key");
  await examine(visit, "the description", found);
  nothing(found);
});
