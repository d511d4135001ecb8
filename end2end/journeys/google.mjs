// Signing in with Google, which the simulator stands in for: a new person signs up with it, signs in with it, and the organisation asks for it.
import { examine, nothing } from "../axe.mjs";
import { BASE, assert, journey, shows, stranger } from "../kit.mjs";

/** From a page of ours to Google and back, as this person. */
async function choose(visit, email) {
  const { page } = visit;
  await page.locator("a[href^='/sign-in/google']").click();
  await page.waitForURL(/\/o\/oauth2\/v2\/auth/);
  await page.locator("input[name=as]").fill(email);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.waitForURL((url) => url.origin === BASE);
}

journey("somebody new comes with Google, comes back with it, and asks the others to do so", {}, async (visit) => {
  const { page } = visit;
  const found = [];
  const person = stranger();
  await page.goto(`${BASE}/sign-up`);
  await choose(visit, person.email);
  assert.equal(visit.path(), "/sign-up/google");
  await examine(visit, "/sign-up/google", found);
  assert.equal(await page.locator("input[type=password]").count(), 0, "no password is asked");
  await visit.field("account.company").fill(person.company);
  await page.locator("input[name=terms]").check();
  await visit.button("account.sign_up.do").click();
  await page.waitForURL("**/home");
  await visit.alive();

  await visit.go("/settings/security");
  await shows(page.locator("#google"), person.email);
  await examine(visit, "the security of who has no password", found);
  await visit.go("/settings/organisation");
  const rules = page.locator("section[aria-labelledby=h-rules]");
  await rules.getByLabel(visit.w("account.rules.google")).fill("exemple.fr");
  await rules.getByRole("button", { name: visit.w("account.save") }).click();
  await page.getByText(visit.w("account.rules.saved")).waitFor();

  await page.locator("button[popovertarget=user-menu]").click();
  await page.locator("#user-menu").getByRole("menuitem", { name: visit.w("shell.sign_out") }).click();
  await page.waitForURL("**/sign-in?said=signed_out");
  await choose(visit, person.email);
  await page.waitForURL("**/home");
  await visit.alive();
  nothing(found);
});
