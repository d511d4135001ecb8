// Two of the team: a call is given, appears at once where the other works, is talked about in notes, and done; then nothing awaits anybody.
import { examine, nothing } from "../axe.mjs";
import { assert, becomes, journey, org, plain, shows, sql, stranger, until } from "../kit.mjs";

const crew = () => org(3);
const orgId = () => sql(`select org_id from members join accounts on id = account_id where email = '${crew().email}' order by members.created_at limit 1`);
const items = (visit) => visit.page.locator(".inbox-row");

/** How much awaits somebody, as the rail says. */
async function counted(visit) {
  const count = visit.page.locator("nav a[href='/inbox'] .count [aria-hidden]").first();
  return (await count.count()) === 0 ? 0 : Number(await count.innerText());
}

/** Somebody new, at work in the crew's organisation. */
async function colleague(enter) {
  const person = { ...stranger(), name: "Paul Aubert" };
  const other = await enter();
  await other.signUp(person);
  await other.signIn(person);
  const account = `(select id from accounts where email = '${person.email}')`;
  const house = await orgId();
  await sql(`update members set org_id = '${house}', role = 'agent' where account_id = ${account}; update sessions set active_org = '${house}' where account_id = ${account}`);
  return other;
}

journey("a call is given, appears at the other's at once, a note means them, and both reach zero", { as: crew, timeout: 240_000 }, async (visit, enter) => {
  const { page } = visit;
  const found = [];
  // What the demonstration brought is put aside, so that nought is nought.
  const house = await orgId();
  await sql(`update callbacks set done_at = now() where org_id = '${house}'; update unanswered_questions set dismissed_at = now() where org_id = '${house}'; update call_assignments set dropped_at = now() where org_id = '${house}'`);
  const other = await colleague(enter);
  await other.go("/inbox");
  await shows(other.page.locator("main"), other.w("inbox.zero"));
  await examine(other, "inbox zero", found);

  // Given from the log, by keyboard.
  await visit.go("/calls");
  const first = page.locator("a.log-link").first();
  const call = (await first.getAttribute("href")).split("/").at(-1);
  await first.focus();
  await page.keyboard.press("a");
  const dialog = page.locator("dialog[open]");
  await dialog.locator("select[name=assignee] option", { hasText: "Paul Aubert" }).waitFor({ state: "attached" });
  await examine(visit, "to whom a call is given", found);
  await dialog.locator("select[name=assignee]").selectOption({ label: "Paul Aubert" });
  await dialog.getByRole("button", { name: visit.w("work.assign"), exact: true }).click();
  await shows(page.locator("body"), visit.w("work.given", { n: 1 }));

  // There it is, without a reload, and the rail counts it.
  await until("the call is in the other's inbox", async () => (await items(other).count()) === 1);
  await becomes("the rail counts it", 1, () => counted(other));
  await shows(items(other).first(), other.w("inbox.kind_call"));
  await examine(other, "an inbox with a call", found);

  // Both look at the call: each sees the other there.
  await visit.go(`/calls/${call}`);
  await other.go(`/calls/${call}`);
  await shows(page.locator(".onlookers"), "Paul Aubert");
  await examine(visit, "a call that somebody else looks at", found);

  // A note that means the other: the name is offered, and pressed.
  const note = page.locator("#note-text");
  await note.fill("À rappeler avant midi, ");
  await note.press("End");
  await note.pressSequentially("@Pau");
  const name = page.locator(".mention-names button", { hasText: "Paul Aubert" });
  await name.waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await until("the name is written out", async () => (await note.inputValue()).endsWith("@Paul Aubert "));
  await page.getByRole("button", { name: visit.w("log.note_add"), exact: true }).click();
  await shows(other.page.locator(".note-list"), "@Paul Aubert"); // live: nobody reloaded

  // The other settles both, by keyboard; the one who gave it sees that it is done.
  await other.go("/inbox");
  await until("a call and a mention", async () => (await items(other).count()) === 2);
  for (const left of [1, 0]) {
    await other.page.keyboard.press("j");
    await until("a row has the focus", () => other.page.evaluate(() => document.activeElement.matches(".inbox-link")));
    await other.page.keyboard.press("e");
    await until(`${left} left`, async () => (await items(other).count()) === left);
  }
  await shows(other.page.locator("main"), other.w("inbox.zero"));
  await until("the rail counts nothing", async () => (await counted(other)) === 0);
  await shows(page.locator(".work-card"), visit.w("work.status_done"));
  await until("the other has gone", async () => plain(await page.locator(".onlookers").innerText()) === "");
  nothing(found);
});

journey("teams are made, share calls by a rule, and are read on a phone", { as: crew, phone: true }, async (visit) => {
  const { page } = visit;
  const found = [];
  await visit.go("/settings/teams");
  await page.getByRole("button", { name: visit.w("work.team_add"), exact: true }).first().click();
  const drawer = page.locator("dialog[open]");
  await drawer.locator("input[name='form[name]']").fill("Accueil du matin");
  await drawer.locator("input[name='form[members][]']").first().check();
  await drawer.locator("input[name='form[return_after_min]']").fill("15");
  await examine(visit, "a new team", found);
  await drawer.getByRole("button", { name: visit.w("work.save"), exact: true }).click();
  await shows(page.locator("main"), "Accueil du matin");
  const rule = page.locator("form.work-rule").first();
  await rule.locator("select[name='form[team]']").selectOption({ label: "Accueil du matin" });
  await rule.getByRole("button", { name: visit.w("work.save"), exact: true }).click();
  await until("the rule is kept", async () => (await sql(`select count(*) from work_rules where org_id = '${await orgId()}'`)) === "1");
  await examine(visit, "teams and rules", found);
  nothing(found);
});
