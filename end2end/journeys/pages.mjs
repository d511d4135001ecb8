// Each page by itself: loaded hard, it hydrates without a complaint; what is not there says so; what a role may not do is absent, and refused.
import { BASE, answered, assert, demo, journey, org, plain, shows, simulate, sql, stranger, until } from "../kit.mjs";

const PAGES = ["/home", "/live", "/calls", "/calls?q=bonjour&outcome=done", "/assistants", "/assistants/new", "/integrations", "/settings/account", "/settings/security", "/settings/sessions", "/settings/organisation"];

journey("each page loads hard, hydrates without a complaint, and knows theme and language from its first byte", { as: demo }, async (visit) => {
  const { page } = visit;
  await visit.go("/assistants");
  const assistant = await page.locator(".assistant-card h3 a").first().getAttribute("href");
  await visit.go("/calls?outcome=done");
  const call = await page.locator("tr.log-row a").first().getAttribute("href");
  await visit.context.addCookies([{ name: "zc_theme", value: "light", url: BASE }]);
  for (const path of [...PAGES, assistant, call]) {
    const response = await visit.go(path);
    assert.equal(response.status(), 200, path);
    const html = await response.text();
    assert.match(html.slice(0, 300), /<html[^>]*lang="fr"[^>]*data-theme="light"|<html[^>]*data-theme="light"[^>]*lang="fr"/, `${path} begins right`);
    assert.ok(plain(await page.locator("h1").first().innerText()).length > 0, `${path} has its title`);
    assert.match(await page.title(), /\S/, `${path} names its tab`);
    await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
    assert.deepEqual(visit.complaints(), [], path);
  }

  // From page to page without loading, too.
  await page.evaluate(() => (window.mark = true));
  for (const key of ["nav.home", "nav.live", "nav.calls", "nav.assistants", "nav.integrations", "nav.settings"]) {
    await page.getByRole("navigation", { name: visit.w("shell.nav"), exact: true }).getByRole("link", { name: visit.w(key) }).click();
    await until(`${key} is marked`, () => page.locator(`.side a.nav-item[aria-current=page]`, { hasText: visit.w(key) }).count());
    await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
  }
  assert.equal(await page.evaluate(() => window.mark), true);
});

journey("the language is chosen in the menu and kept", {}, async (visit, enter) => {
  const { page } = visit;
  const person = stranger();
  await visit.signUp(person);
  await visit.signIn(person);
  const choose = async (name, code) => {
    await page.locator("button[popovertarget=user-menu]").click();
    await page.locator("#user-menu").getByRole("menuitemradio", { name }).click();
    await page.waitForFunction((lang) => document.documentElement.lang === lang, code);
  };
  await visit.go("/calls");
  await choose("English", "en");
  assert.equal(visit.path(), "/calls", "on the same page");
  visit.lang = "en";
  await visit.go("/assistants");
  await shows(page.locator("main"), visit.w("assistants.lede"));
  const { context } = visit;
  const tab = await context.newPage();
  await tab.goto(`${BASE}/`);
  assert.equal(await tab.getAttribute("html", "lang"), "en", "on the public pages as well");
  await tab.close();
  const other = await enter({});
  await other.signIn(person);
  assert.equal(await other.page.getAttribute("html", "lang"), "en", "in another browser as well");
});

journey("what does not exist says so, and what belongs to others does not exist", {}, async (visit, enter) => {
  const { page } = visit;
  visit.allow.push(/status of 404/);
  const missing = async (path) => {
    const response = await page.goto(BASE + path);
    assert.equal(response.status(), 404, path);
    await shows(page.locator("body"), visit.w("pages.not_found.title"));
  };
  await missing("/rien-ici");
  await visit.signIn(demo());
  await missing("/rien-ici");
  await missing("/home/rien");
  const other = await enter({ as: () => org(5) });
  await other.go("/calls?outcome=done");
  const call = await other.page.locator("tr.log-row a").first().getAttribute("href");
  await other.go("/assistants");
  const assistant = await other.page.locator(".assistant-card h3 a").first().getAttribute("href");
  const answers = new Set();
  for (const path of [call, call.replace("calls", "live"), assistant, "/calls/nonsense", "/assistants/nonsense"]) {
    answers.add((await visit.go(path)).status());
    await shows(page.locator("main"), visit.w("errors.not_found.title"));
  }
  assert.deepEqual([...answers], [404], "others' things and nothing answer alike");
});

journey("a member who may only read sees no button to act with, and the server refuses what no page offers", { as: () => org(5) }, async (visit, enter) => {
  const { page } = visit;
  const person = stranger();
  const reader = await enter({});
  await reader.signUp(person);
  await sql(`
    update members set role = 'read_only', org_id = (select org_id from members join accounts on id = account_id where email = '${org(5).email}')
    where account_id = (select id from accounts where email = '${person.email}')`);
  await reader.signIn(person);
  reader.allow.push(/status of 403/, /live\/listen.* failed/);

  await visit.go("/live");
  const id = await simulate(visit, "09");
  await answered(visit);
  // What the owner's browser sends when it mutes: the reader's will send the same.
  const sent = page.waitForRequest((request) => request.method() === "POST" && request.url().includes("/act_on_call"));
  await page.locator("#act-mute").click();
  const request = await sent;
  await until("muted", () => page.locator("#act-mute[aria-pressed=true]").count());

  await reader.go(`/live/${id}`);
  await until("the call", () => reader.page.locator("#call .script li.line").count());
  for (const selector of [".callbar", ".composer", "#act-end", ".board-head button[aria-haspopup=dialog]"]) {
    assert.equal(await reader.page.locator(selector).count(), 0, `${selector} is not for a reader`);
  }
  await reader.go("/home");
  assert.equal(await reader.page.getByRole("button", { name: reader.w("calls.simulate") }).count(), 0);
  await reader.go("/assistants");
  await until("the assistants", () => reader.page.locator(".assistant-card").count());
  assert.equal(await reader.page.getByRole("link", { name: reader.w("assistants.create") }).count(), 0);
  await reader.page.locator(".assistant-card h3 a").first().click();
  await reader.page.getByText(reader.w("assistants.read_only")).waitFor();
  assert.equal(await reader.page.locator("main button[type=submit]").count(), 0);
  await reader.go("/calls");
  assert.equal(await reader.page.getByRole("link", { name: reader.w("calls.export") }).count(), 0);
  await reader.go("/settings/organisation");
  await shows(reader.page.locator("main"), reader.w("account.organisation.not_allowed"));
  assert.equal(await reader.page.locator(".side a[href='/integrations']").count(), 0, "absent, not greyed");

  // The same requests, from the reader's own session.
  const headers = { ...request.headers(), origin: BASE };
  for (const name of ["cookie", "content-length", "host"]) delete headers[name];
  const answer = await reader.page.request.post(request.url(), { headers, data: request.postDataBuffer() });
  assert.equal(answer.status(), 403, await answer.text());
  assert.match(await answer.text(), /forbidden/i);
  const refused = async (path, options = {}) => {
    const response = await reader.page.request.fetch(BASE + path, { maxRedirects: 0, ...options });
    assert.equal(response.status(), 403, `${path}: ${response.status()}`);
  };
  await refused("/calls/export.csv");
  await refused(`/calls/${id}/recording`);
  assert.equal(await page.locator("#act-mute").getAttribute("aria-pressed"), "true", "nothing has changed");

  await page.locator("#act-end button").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await until("the end", () => page.locator(".call-over").isVisible());
});
