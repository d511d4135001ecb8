// The main job in every way people do it: keys alone, a thumb on a phone, in the dark, in English.
import { answered, assert, becomes, demo, journey, lines, notePartials, panel, shows, simulate, until } from "../kit.mjs";

/** Watches a call that rings until it is spoken in, and ends it by `hangUp`. */
async function watchAndEnd(visit, hangUp) {
  const { page } = visit;
  const partials = await notePartials(page);
  await answered(visit);
  await until("a conversation", async () => (await lines(page)).length >= 3, { within: 30_000 });
  await until("words that are being said", async () => (await partials()).length > 0);
  await hangUp();
  await shows(page.locator(".call-outcome"), visit.w("live.outcome.end"));
  await until("the end", () => page.locator(".call-over").isVisible(), { within: 20_000 });
  await shows(panel(visit), visit.w("live.over"));
}

/** Goes on with Tab until the focus is on what matches, and never out of sight. */
async function tabTo(page, selector, most = 80) {
  for (let steps = 0; steps < most; steps += 1) {
    await page.keyboard.press("Tab");
    const state = await page.evaluate((selector) => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return "nowhere";
      const box = focused.getBoundingClientRect();
      const seen = focused.matches(":focus-visible") && box.width > 0 && box.height > 0;
      return focused.matches(selector) ? (seen ? "there" : "there, unseen") : "elsewhere";
    }, selector);
    assert.notEqual(state, "there, unseen", `the focus on ${selector} cannot be seen`);
    if (state === "there") return;
  }
  assert.fail(`no Tab leads to ${selector}`);
}

journey("keys alone: sign in, ring, watch, speak, end, read the record", {}, async (visit) => {
  const { page } = visit;
  const { email, password } = demo();
  await page.goto(`${visit.base}/sign-in`);
  await becomes("the first field is ready", "email", () => page.evaluate(() => document.activeElement.name));
  await page.keyboard.type(email);
  await tabTo(page, "input[name=password]");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/home");
  await visit.alive();

  // The first Tab leads past the menu; letters lead anywhere.
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL("**/live");

  await tabTo(page, ".board-head button[aria-haspopup=dialog]");
  await page.keyboard.press("Enter");
  await page.locator("dialog[open] input[name=ending]").first().waitFor();
  await tabTo(page, "dialog[open] input[name=ending]");
  await until("the long call is chosen", async () => {
    await page.keyboard.press("ArrowDown");
    return page.evaluate(() => document.activeElement.value === "09" && document.activeElement.checked);
  });
  await tabTo(page, "dialog[open] button[type=submit]");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/live\/call_/, { timeout: 20_000 });

  await watchAndEnd(visit, async () => {
    await page.keyboard.press("s");
    await becomes("the field has the keyboard", "act-words", () => page.evaluate(() => document.activeElement.id));
    await page.keyboard.type("Merci de votre appel.");
    await page.keyboard.press("Control+Enter");
    await shows(page.locator(".call-outcome"), visit.w("live.outcome.say", { name: "" }).split(" : ")[0].trim());
    await page.keyboard.press("Shift+Tab");
    await until("back to the button that ends", async () => {
      await page.keyboard.press("Shift+Tab");
      return page.evaluate(() => document.activeElement.matches("#act-end button"));
    });
    await page.keyboard.press("Enter");
    await shows(page.locator("#act-end"), visit.w("kit.press_again"));
    await page.keyboard.press("Enter");
  });
  await page.keyboard.press("Escape");
  await page.waitForURL("**/live");
  await page.goBack();
  await page.locator(".call-over").waitFor();
  await tabTo(page, ".call-over a");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/calls\/call_/);
  await page.locator(".record-head").waitFor();

  // The palette finds a page by its name.
  await page.keyboard.press("Control+k");
  await page.locator("dialog[open] [role=combobox]").waitFor();
  await page.keyboard.type("integrations");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/integrations");
});

journey("a phone: by thumb, in one column", { phone: true, as: demo }, async (visit) => {
  const { page } = visit;
  const fits = async (what) => {
    const { wide, inner } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, inner: window.innerWidth }));
    assert.ok(wide <= inner, `${what} is ${wide} px wide on ${inner}`);
  };
  await fits("Home");
  const tab = page.locator(".tabbar a[href='/live']");
  assert.ok((await tab.boundingBox()).height >= 44, "a thumb hits the tab");
  await tab.tap();
  await page.waitForURL("**/live");
  await fits("the board");
  const tap = (button) => button.tap();
  await simulate(visit, "09", tap);
  await fits("a call");
  await watchAndEnd(visit, async () => {
    const end = page.locator("#act-end button");
    await end.scrollIntoViewIfNeeded();
    const box = await end.boundingBox();
    assert.ok(box.height >= 44, `the button that ends is ${box.height} px high`);
    const touch = await visit.context.newCDPSession(page);
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
    await page.waitForTimeout(1100);
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  });
  await page.locator(".call-over a").tap();
  await page.locator(".record-head").waitFor();
  await fits("the record");
  await page.locator(".tabbar a[href='/calls']").tap();
  await page.locator("tr.log-row").first().waitFor();
  await fits("the log");
});

journey("in the dark: chosen once, kept from the first paint on", { as: demo, motion: true }, async (visit) => {
  const { page } = visit;
  await page.getByRole("button", { name: visit.w("shell.theme_toggle") }).click();
  await until("the dark", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  const response = await visit.go("/live");
  assert.match((await response.text()).slice(0, 300), /<html[^>]*data-theme="dark"/, "the first bytes know it");
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [r, g, b] = ground.match(/[\d.]+/g).map(Number);
  assert.ok(ground.startsWith("oklch") ? r < 0.4 : r + g + b < 150, `the ground is ${ground}`);
  await simulate(visit, "09");
  await watchAndEnd(visit, async () => {
    const end = page.locator("#act-end button");
    await end.click({ delay: 1100 });
  });
});

journey("in English: chosen before signing in, and kept", {}, async (visit) => {
  const { page } = visit;
  await page.goto(`${visit.base}/sign-in`);
  assert.equal(await page.getAttribute("html", "lang"), "fr");
  await page.locator("form[action='/prefs'] button[name=lang][value=en]").click();
  await page.waitForFunction(() => document.documentElement.lang === "en");
  visit.lang = "en";
  await visit.signIn(demo());
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await visit.go("/live");
  await shows(page.locator(".link-pill"), "Live");
  await simulate(visit, "09");
  await watchAndEnd(visit, async () => {
    await page.locator("#act-end button").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
  });
  await page.locator(".call-over").getByRole("link", { name: visit.w("live.open_record") }).click();
  await page.locator(".record-head").waitFor();
  await shows(page.locator("main"), visit.w("calls.end.assistant_ended"), { within: 5000 }).catch(() => shows(page.locator("main"), visit.w("calls.transcript")));
  await visit.go("/settings/account");
  assert.equal(await page.getAttribute("html", "lang"), "en", "kept on the next page");
});
