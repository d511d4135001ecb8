// The team: somebody is invited, joins by the mailed link, is given another role, and goes.
import { examine, nothing } from "../axe.mjs";
import { BASE, assert, journey, mailed, plain, shows, stranger, until } from "../kit.mjs";

journey("somebody is invited, joins, is given another role and goes", { timeout: 240_000 }, async (visit, enter) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 4(22|09)/); // what is wrong, on purpose
  const [owner, guest] = [stranger(), stranger()];
  await visit.signUp(owner);
  await visit.signIn(owner);
  await visit.go("/settings/team");
  const members = page.locator("section.card", { has: page.locator("h2", { hasText: visit.w("team.members") }) });
  await shows(members, owner.email);
  await examine(visit, "the team of one", found);

  // What is no address is told beside the field; then the letter goes out, and the link is shown this once.
  await visit.field("team.emails").fill("ines, paul");
  await visit.button("team.invite_do").click();
  await shows(page.locator("main"), visit.w("team.field.team.emails"));
  await visit.field("team.emails").fill(guest.email);
  await page.locator("select[name='form[role]']").selectOption("agent");
  await visit.button("team.invite_do").click();
  await shows(page.locator("main"), visit.w("team.invited", { n: 1 }));
  await examine(visit, "an invitation that was sent", found);

  // The invited person has no account yet: a name and a password, and they are in.
  const other = await enter();
  const link = await mailed(other, guest.email);
  await other.page.goto(link);
  await shows(other.page.locator("main"), owner.company);
  await examine(other, "the invitation", found);
  await other.page.locator("input[name=name]").fill("Paul Aubert");
  await other.page.locator("input[name=password]").fill(guest.password);
  await other.page.locator("input[name=terms]").check();
  await other.button("team.join_do").click();
  await other.page.waitForURL(/\/sign-in\?said=joined/);
  await other.signIn(guest);
  await other.go("/settings/team");
  await shows(other.page.locator("main"), "Paul Aubert");
  assert.equal(await other.page.getByRole("button", { name: other.w("team.invite_do") }).count(), 0, "an agent invites nobody");
  assert.equal((await fetch(link)).status, 410, "the link was good once");

  // Another role counts at once; the last owner has no way down.
  await visit.go("/settings/team");
  const row = page.locator("tr", { hasText: "Paul Aubert" });
  await row.locator("select").selectOption("read_only");
  await shows(page.locator("body"), plain(visit.w("team.role_said", { name: "Paul Aubert", role: visit.w("shell.role.read_only") })));
  assert.equal(await page.locator("tr", { hasText: owner.email }).locator("select").count(), 0);
  await page.getByText(visit.w("team.matrix"), { exact: true }).first().click();
  await examine(visit, "the team, with what each role may do", found);

  // Taken out, by keyboard: the other browser is nobody here from now on.
  const remove = row.getByRole("button", { name: visit.w("team.remove") });
  await remove.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await until("Paul is gone", async () => (await page.locator("tr", { hasText: "Paul Aubert" }).count()) === 0);
  other.allow.push(/status of 4\d\d/);
  await other.page.goto(`${BASE}/calls`);
  await shows(other.page.locator("body"), other.w("account.conflict.no_organisation"));
  nothing(found);
});
