// The product before wasm has arrived, or where it never does: plain forms, each saying beside the field what is wrong.
import { BASE, assert, journey, org, plain, shows, stranger } from "../kit.mjs";

const NO_SCRIPT = { script: false };

/** What the page says about a field, which the field itself points at. */
async function told(visit, name) {
  const field = visit.page.locator(`[name="${name}"][aria-invalid="true"]`).first();
  await field.waitFor({ state: "attached" });
  const ids = (await field.getAttribute("aria-describedby")).split(" ");
  const error = visit.page.locator(`#${ids[0]}`);
  assert.ok(await error.isVisible(), `${name} has its sentence`);
  return plain(await error.innerText());
}

journey("signing up says what is wrong beside each field and keeps what was typed", NO_SCRIPT, async (visit) => {
  const { page } = visit;
  visit.allow.push(/status of 422/);
  const person = stranger();
  await page.goto(`${BASE}/sign-up`);
  await page.locator("input[name=company]").fill(person.company);
  await page.locator("input[name=siren]").fill("123 456 789");
  await page.locator("input[name=vat_number]").fill("FR00");
  await page.locator("input[name=name]").fill(person.name);
  await page.locator("input[name=email]").fill("ines@");
  await page.locator("input[name=password]").fill("court");
  await page.locator("select[name=country]").selectOption("FR");
  await visit.button("account.sign_up.do").click();

  assert.equal(await told(visit, "siren"), plain(visit.w("account.field.siren.wrong")));
  assert.equal(await told(visit, "vat_number"), plain(visit.w("account.field.vat.shape")));
  assert.equal(await told(visit, "email"), plain(visit.w("account.field.email.shape")));
  assert.equal(await told(visit, "password"), plain(visit.w("account.field.password.short")));
  assert.equal(await told(visit, "terms"), plain(visit.w("account.field.terms.needed")));
  const kept = { company: person.company, siren: "123 456 789", vat_number: "FR00", name: person.name, email: "ines@", password: "" };
  for (const [name, value] of Object.entries(kept)) assert.equal(await page.locator(`input[name=${name}]`).inputValue(), value, name);
  assert.equal(await page.locator("select[name=country]").inputValue(), "FR");

  // What is put right goes through.
  await page.locator("input[name=siren]").fill("");
  await page.locator("input[name=vat_number]").fill("");
  await page.locator("input[name=email]").fill(person.email);
  await page.locator("input[name=password]").fill(person.password);
  await page.locator("input[name=terms]").check();
  await visit.button("account.sign_up.do").click();
  await page.waitForURL("**/sign-up/sent");

  // A wrong password is refused without telling which half was wrong; the right one goes in.
  await page.goto(`${BASE}/sign-in?next=%2Fcalls`);
  await page.locator("input[name=email]").fill(person.email);
  await page.locator("input[name=password]").fill("ce n'est pas le bon");
  await visit.button("account.sign_in.do").click();
  assert.equal(await told(visit, "password"), plain(visit.w("account.field.sign_in.mismatch")));
  assert.equal(await page.locator("input[name=email]").inputValue(), person.email);
  await page.locator("input[name=password]").fill(person.password);
  await visit.button("account.sign_in.do").click();
  await page.waitForURL("**/calls");
  await shows(page.locator("main"), visit.w("calls.unused_title"));

  // The password: refused, then changed; the old one no longer opens.
  await page.goto(`${BASE}/settings/security`);
  const form = page.locator("form", { has: page.locator("input[name=do][value=password]") });
  await form.locator("input[name=current]").fill("un autre mot de passe");
  await form.locator("input[name=password]").fill("des cigales sous la pluie");
  await form.getByRole("button", { name: visit.w("account.change_password.do") }).click();
  assert.equal(await told(visit, "current"), plain(visit.w("account.field.password.wrong")));
  await form.locator("input[name=current]").fill(person.password);
  await form.locator("input[name=password]").fill("des cigales sous la pluie");
  await form.getByRole("button", { name: visit.w("account.change_password.do") }).click();
  await page.waitForURL("**/settings/security?said=password");
  await shows(page.locator("main"), visit.w("account.said.password"));
  await page.locator("#user-menu form[action='/sign-out'] button").evaluate((button) => button.form.requestSubmit());
  await page.waitForURL("**/sign-in?said=signed_out");
  await page.locator("input[name=email]").fill(person.email);
  await page.locator("input[name=password]").fill(person.password);
  await visit.button("account.sign_in.do").click();
  assert.equal(await told(visit, "password"), plain(visit.w("account.field.sign_in.mismatch")));
  await visit.signIn({ ...person, password: "des cigales sous la pluie" });
  assert.equal(visit.path(), "/home");
});

journey("the call log filters by a plain form whose answer is in the address", { ...NO_SCRIPT, as: () => org(0) }, async (visit) => {
  const { page } = visit;
  await page.goto(`${BASE}/calls`);
  const rows = page.locator("tr.log-row");
  assert.ok((await rows.count()) > 10, "the log is there");
  await page.locator("details.more-filters > summary").click();
  const panel = page.locator("form.filter-panel");
  await panel.locator("select[name=outcome]").selectOption("missed");
  await panel.locator("select[name=direction]").selectOption("outbound");
  await panel.getByRole("button", { name: visit.w("calls.apply") }).click();
  await page.waitForURL(/\/calls\?/);
  const asked = new URL(page.url()).searchParams;
  assert.equal(asked.get("outcome"), "missed");
  assert.equal(asked.get("direction"), "outbound");
  const outcomes = new Set((await rows.locator(".status").allInnerTexts()).map(plain));
  assert.deepEqual([...outcomes], [visit.w("calls.outcome.missed")]);
  assert.equal(await page.locator("form.filter-panel select[name=outcome]").inputValue(), "missed", "the form says what is asked");

  // Words keep the filter; a chip takes one part of it off; pages are links.
  await page.locator("form.log-search input[name=q]").fill("0639");
  await page.locator("form.log-search input[name=q]").press("Enter");
  await page.waitForURL((url) => url.searchParams.get("q") === "0639");
  assert.equal(new URL(page.url()).searchParams.get("outcome"), "missed");
  await page.goto(`${BASE}/calls?direction=inbound&outcome=missed`);
  await page.getByRole("link", { name: visit.w("kit.remove_filter", { name: visit.w("calls.outcome") }) }).click();
  await page.waitForURL((url) => url.search === "?direction=inbound");
  const first = await rows.locator("a").first().getAttribute("href");
  await page.getByRole("link", { name: visit.w("kit.older") }).click();
  await page.waitForURL(/[?&]after=call_/);
  assert.notEqual(await rows.locator("a").first().getAttribute("href"), first);

  // A call of the log reads without wasm as well, and the browser's own player plays it.
  await rows.locator("a").first().click();
  await page.locator(".record-head").waitFor();
  assert.ok(plain(await page.locator(".callout b").first().innerText()).length > 5);
});

journey("settings are kept by plain forms", { ...NO_SCRIPT, as: () => org(0) }, async (visit) => {
  const { page } = visit;
  visit.allow.push(/status of 422/);
  await page.goto(`${BASE}/settings/organisation`);
  const save = page.locator("form", { has: page.locator("input[name=name]") }).locator("button[type=submit]");
  const before = await page.locator("input[name=name]").inputValue();
  await page.locator("input[name=name]").fill("");
  await page.locator("select[name=timezone]").selectOption("Europe/Brussels");
  await save.click();
  assert.equal(await told(visit, "name"), plain(visit.w("account.field.name.required")));
  assert.equal(await page.locator("select[name=timezone]").inputValue(), "Europe/Brussels", "what was chosen stays");
  await page.locator("input[name=name]").fill(`${before} et fils`);
  await save.click();
  await page.waitForURL("**/settings/organisation?said=organisation");
  await shows(page.locator(".side .org"), `${before} et fils`);
  await page.goto(`${BASE}/settings/organisation`);
  assert.equal(await page.locator("select[name=timezone]").inputValue(), "Europe/Brussels");
});
