// axe-core on every page, in the light and in the dark: nothing found.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { BASE, answered, assert, demo, journey, org, simulate, stranger, until } from "../kit.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds: all rules as the page stands, then the colours again in the other theme. */
async function examine(visit, what, found) {
  const { page } = visit;
  await page.evaluate(`window.axe ||= (() => { const module = undefined; ${axe}; return window.axe; })(); 0`);
  const run = (options) =>
    page.evaluate(async (options) => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...options });
      return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.slice(0, 4).map((node) => `${node.target.join(" ")} — ${node.any.concat(node.all, node.none).map((check) => check.message).join("; ")}`) }));
    }, options);
  const theme = await page.evaluate(() => document.documentElement.dataset.theme ?? "system");
  const note = (look, violations) => violations.forEach((violation) => found.push(`${what} (${look}): ${violation.id}, ${violation.help}\n    ${violation.nodes.join("\n    ")}`));
  note(theme, await run({}));
  const other = theme === "dark" ? "light" : "dark";
  await look(page, other);
  note(other, await run({ runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } }));
  await look(page, theme);
}

/** Puts the page into a theme, and waits until every colour has arrived. */
async function look(page, theme) {
  await page.evaluate(async (theme) => {
    const root = document.documentElement;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    // A colour that is inherited moves after the one it is inherited from.
    for (let still = 0; still < 4; await frame()) {
      const moving = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
      moving.forEach((transition) => transition.finish());
      still = moving.length ? 0 : still + 1;
    }
  }, theme);
}

const nothing = (found) => assert.equal(found.length, 0, `axe found:\n${found.join("\n")}`);

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

const PAGES = ["/home", "/live", "/calls", "/calls?outcome=done&q=rendez", "/calls?q=personne-ne-dit-cela", "/assistants", "/assistants/new", "/integrations", "/settings/account", "/settings/security", "/settings/sessions", "/settings/organisation", "/assistants/asst_none", "/home/nowhere"];

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

journey("axe finds nothing in a live call, its dialogs and menus, and on a phone", { as: () => org(1) }, async (visit, enter) => {
  const { page } = visit;
  const found = [];
  await visit.go("/live");
  const dialog = page.locator("dialog[open]");
  const open = async (what, press) => {
    await press();
    await dialog.waitFor();
    await page.waitForTimeout(150);
    await examine(visit, what, found);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" }).catch(() => dialog.waitFor({ state: "hidden" }));
  };
  const head = page.locator(".board-head");
  await open("the dialog that simulates", async () => {
    await head.getByRole("button", { name: visit.w("calls.simulate") }).click();
    await page.locator("input[name=ending]").first().waitFor({ state: "attached" });
  });
  await open("the dialog that calls", async () => {
    await head.getByRole("button", { name: visit.w("calls.call"), exact: true }).click();
    await page.locator("input[name=number]").waitFor();
  });
  await open("the palette", () => page.keyboard.press("Control+k"));
  await open("the help", () => page.keyboard.press("?"));
  await page.locator("button[popovertarget=user-menu]").click();
  await page.locator("#user-menu").waitFor();
  await examine(visit, "the menu", found);
  await page.keyboard.press("Escape");

  await simulate(visit, "09");
  await answered(visit);
  await until("a conversation", () => page.locator(".script li.line").count().then((count) => count > 3), { within: 20_000 });
  await examine(visit, "a live call", found);
  await open("the dialog that transfers", () => page.keyboard.press("t"));
  const at = visit.path();

  const phone = await enter({ phone: true });
  await phone.signIn(org(1));
  for (const path of ["/home", "/live", at, "/calls", "/assistants"]) {
    await phone.go(path);
    await phone.page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
    await examine(phone, `${path} on a phone`, found);
  }
  await phone.page.locator("button[popovertarget=more-menu]").tap();
  await phone.page.locator("#more-menu").waitFor();
  await examine(phone, "the menu of a phone", found);

  await page.keyboard.press("Shift+H");
  await page.keyboard.press("Enter");
  await until("the end", () => page.locator(".call-over").isVisible());
  await examine(visit, "a call that has just ended", found);
  nothing(found);
});
