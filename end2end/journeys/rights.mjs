// Rights: somebody is invited into a role of the organisation's own, limited to an assistant, refused, and everything stands in the audit log.
import { examine, nothing } from "../axe.mjs";
import { BASE, assert, journey, mailed, org, plain, shows, stranger, until } from "../kit.mjs";

const crew = () => org(4);

journey("a role is made, somebody is invited, restricted and refused, seen as they see it, and all of it is in the audit log", { as: crew, timeout: 240_000 }, async (visit, enter) => {
  const { page } = visit;
  const found = [];
  const guest = { ...stranger(), name: "Noé Perrin" };

  // A role of one's own.
  await visit.go("/settings/team");
  await visit.button("team.role_new").click();
  const dialog = page.getByRole("dialog", { name: visit.w("team.role_new") });
  await dialog.locator("input[name='form[name]']").fill("Soirée");
  for (const permission of ["calls.read", "calls.note", "assistants.read"]) await dialog.locator(`input[value='${permission}']`).check();
  await examine(visit, "the dialog of a role", found);
  await dialog.getByRole("button", { name: visit.w("team.role_save") }).click();
  await shows(page.locator("body"), visit.w("team.role_saved"));

  // Somebody is invited into it.
  await visit.go("/settings/team");
  await visit.field("team.emails").fill(guest.email);
  await page.locator("select[name='form[role]']").selectOption({ label: "Soirée" });
  await visit.button("team.invite_do").click();
  await shows(page.locator("main"), visit.w("team.invited", { n: 1 }));
  const other = await enter();
  const link = await mailed(other, guest.email);
  await other.page.goto(link);
  await other.page.locator("input[name=name]").fill(guest.name);
  await other.page.locator("input[name=password]").fill(guest.password);
  await other.page.locator("input[name=terms]").check();
  await other.button("team.join_do").click();
  await other.page.waitForURL(/\/sign-in\?said=joined/);
  await other.signIn(guest);
  const counted = async () => (await other.page.request.get(`${BASE}/assistants`)).text().then((html) => (html.match(/href="\/assistants\/ast_\w+"/g) ?? []).length);
  const all = await counted();
  assert.ok(all >= 2, `${all} assistants`);

  // Limited to one assistant: the others are not there for them, from that moment on.
  await visit.go("/settings/team");
  const row = page.locator("tr", { hasText: guest.name });
  await row.getByRole("button", { name: visit.w("team.limit") }).click();
  const limits = page.getByRole("dialog", { name: visit.w("team.limit_title", { name: guest.name }) });
  await limits.locator("input[value=some]").check();
  await limits.locator("input[name='form[assistants][]']").first().check();
  await examine(visit, "the dialog of a limit", found);
  await limits.getByRole("button", { name: visit.w("team.limit_save") }).click();
  await shows(page.locator("body"), visit.w("team.limit_said"));
  await until("fewer assistants", async () => (await counted()) < all);

  // Why, in words.
  await row.getByRole("button", { name: visit.w("team.why"), exact: false }).first().click();
  const why = page.getByRole("dialog", { name: visit.w("team.why_title", { name: guest.name }) });
  await shows(why, plain(visit.w("team.why_within", { role: "Soirée" })));
  await examine(visit, "the dialog of reasons", found);
  await page.keyboard.press("Escape");

  // What the role may not do is not on the page, and refused by the server.
  other.allow.push(/status of 40[39]/);
  await other.go("/settings/account");
  assert.equal(await other.page.locator("a[href='/settings/audit']").count(), 0);
  const refused = await other.page.request.get(`${BASE}/calls/export.csv`);
  assert.equal(refused.status(), 403);

  // Seen as they see it: marked on every page, nothing can be written, one click ends it.
  visit.allow.push(/status of 409/);
  await page.getByText(visit.w("team.matrix"), { exact: true }).first().click();
  await page.getByRole("button", { name: visit.w("team.view_as_role", { name: "Soirée" }) }).click();
  await page.waitForURL("**/home");
  await visit.alive();
  assert.equal(await page.locator("nav a[href='/integrations']").count(), 0, "the role sees no integrations");
  await visit.go("/calls");
  await page.locator("tbody tr a").first().click();
  await page.locator(".record-head").waitFor();
  await examine(visit, "a call, seen as another role", found);
  await page.locator("textarea[name=text]").fill("Rien ne doit en rester.");
  await visit.button("log.note_add").click();
  await shows(page.locator("main"), visit.w("team.conflict.viewing_as"));
  await page.locator("form[action='/view-as'] button").first().click();
  await page.waitForURL("**/settings/team");

  // All of it stands in the log, with who was refused; the chain is whole.
  await visit.go("/settings/audit");
  const entries = page.locator("section.card", { has: page.locator("h2", { hasText: visit.w("audit.entries") }) });
  const stands = (act, object, label) => until(`${act} ${object} ${label}`, () => entries.locator("tr", { hasText: visit.w(`audit.act_${act}`) }).filter({ hasText: visit.w(`audit.of_${object}`) }).filter({ hasText: label }).count());
  await stands("created", "role", "Soirée");
  await stands("created", "invitation", guest.email);
  await stands("accepted", "invitation", guest.email);
  await stands("changed", "member", guest.name);
  await stands("viewed_as", "account", "");
  const refusals = page.locator("section.card", { has: page.locator("h2", { hasText: visit.w("audit.refusals") }) });
  await until("the refusal", async () => {
    await visit.go("/settings/audit");
    return refusals.locator("tr", { hasText: guest.name }).filter({ hasText: "calls.export" }).count();
  });
  await visit.button("audit.check").click();
  await until("the chain is followed", () => page.locator(".callout .audit-hash").isVisible());
  await examine(visit, "the audit log", found);

  // One entry, with both values; then everything that happened to that member.
  await entries.locator("tr", { hasText: visit.w("audit.act_changed") }).filter({ hasText: guest.name }).first().getByRole("button", { name: visit.w("audit.look") }).click();
  const entry = page.getByRole("dialog", { name: visit.w("audit.entry") });
  await shows(entry, "assistants");
  await shows(entry, "ast_");
  await examine(visit, "an entry", found);
  await entry.getByRole("link", { name: visit.w("audit.history") }).click();
  await page.waitForURL(/subject=acc_/);
  await until("the history of one member", async () => {
    const kinds = await entries.locator("tbody tr").allInnerTexts();
    return kinds.length >= 2 && kinds.every((text) => text.includes(guest.name));
  });
  nothing(found);
});
