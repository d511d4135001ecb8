// Every page under axe-core, in the light and in the dark: nothing found.
import { examine, nothing } from "../axe.mjs";
import { BASE, demo, journey, stranger } from "../kit.mjs";

journey("axe finds nothing on the public pages", {}, async (visit) => {
  const { page } = visit;
  visit.allow.push(/status of (404|410|422)/);
  const found = [];
  const person = stranger();
  await visit.signUp(person); // leaves a letter in the mailbox
  for (const path of ["/", "/sign-in", "/sign-up", "/sign-up/sent", "/forgot", "/forgot/sent", "/terms", "/privacy", "/sandbox/mail", "/reset/gone", "/nowhere"]) {
    await page.goto(BASE + path);
    await examine(visit, path, found);
  }
  await page.goto(`${BASE}/sandbox/mail`);
  await page.locator("li.mail", { hasText: person.email }).getByRole("link").first().click();
  await examine(visit, "a letter", found);
  await page.locator(`a[href*="/confirm/"]`).first().click();
  await visit.button("account.confirm.do").waitFor();
  await examine(visit, "/confirm", found);
  await page.goto(`${BASE}/sign-up`);
  await visit.button("account.sign_up.do").click();
  await examine(visit, "/sign-up with errors", found);
  nothing(found);
});

const PAGES = ["/home", "/live", "/calls", "/calls?outcome=done&q=rendez", "/calls?q=personne-ne-dit-cela", "/figures", "/figures?period=365d", "/assistants", "/assistants/new", "/answers", "/answers?try=parking", "/integrations", "/settings/account", "/settings/security", "/settings/sessions", "/settings/organisation", "/settings/team", "/settings/teams", "/settings/webhooks", "/settings/webhooks/incoming", "/inbox", "/inbox?tab=mentions", "/numbers", "/assistants/asst_none", "/home/nowhere"];

journey("axe finds nothing on the pages of the product", { as: demo }, async (visit) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 404/);
  for (const path of PAGES) {
    await visit.go(path);
    await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
    await examine(visit, path, found);
  }
  await visit.go("/assistants");
  await page.locator(".assistant-card h3 a").first().click();
  await page.locator("#h-standing").waitFor();
  await examine(visit, "an assistant", found);
  await visit.go("/calls?outcome=done");
  await page.locator("tr.log-row a").first().click();
  await page.locator(".record-head").waitFor();
  await examine(visit, "a finished call", found);
  nothing(found);
});
