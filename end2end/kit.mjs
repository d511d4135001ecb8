// What every journey shares: a browser, people in it, words in their language, and eyes for everything a page complains about.
import { execFile } from "node:child_process";
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export { assert, sleep };
export const BASE = process.env.JOURNEY_BASE;
const { JOURNEY_WORK: WORK, JOURNEY_RESULTS: RESULTS, JOURNEY_DATABASE: DATABASE } = process.env;

// ---- words

const tables = {};
function table(lang, slice) {
  const file = new URL(`../src/i18n/locales/${lang}/${slice}.json`, import.meta.url);
  return (tables[`${lang}/${slice}`] ??= JSON.parse(readFileSync(file, "utf8")));
}

/** The product's own words: `word("fr", "live.link.live")`. A plural wants `n`. */
export function word(lang, key, values = {}) {
  const [slice, ...rest] = key.split(".");
  let text = table(lang, slice)[rest.join(".")];
  assert.ok(text !== undefined, `no word ${key} in ${lang}`);
  if (typeof text === "object") text = values.n === 1 || (values.n === 0 && lang === "fr") ? text.one : text.other;
  if (lang === "fr") text = text.replace(/(?<=\p{L})'(?=[\p{L}\d{«])/gu, "’"); // as the build sets French; spaces are compared as equals
  return text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name] ?? "");
}

/** Compares what people read: whatever kind of space. */
export const plain = (text) => text.replace(/\s+/g, " ").trim();

// ---- people

/** Organisations made for the journeys; each file takes one of its own. */
export function org(index) {
  const { owner_email: email, ...rest } = JSON.parse(readFileSync(join(WORK, "orgs.json"), "utf8"))[index];
  return { email, ...rest };
}

/** The demonstration's login, as `bin/dev` prints it. */
export function demo() {
  const [email, password] = readFileSync(join(WORK, "data/demo-login"), "utf8").split("\n");
  return { email, password };
}

let people = 0;
/** Somebody nobody knows yet. */
export function stranger() {
  const mark = `${process.pid}${(people += 1)}`;
  return { name: "Inès Marchand", company: `Atelier ${mark}`, email: `ines.${mark}@exemple.fr`, password: "un jardin plein de tilleuls" };
}

/** One statement on the journeys' own database, for what no page offers. */
export async function sql(statement, database = DATABASE) {
  const { stdout } = await promisify(execFile)("psql", [database, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]);
  return stdout.trim();
}

// ---- browsers

let browser;
async function chrome() {
  browser ??= chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  return browser;
}
after(async () => (await browser)?.close());

/**
 * A person at a browser of their own. `faults` is what their pages complained about; nothing of it is accepted unless `allow` names it.
 */
class Visit {
  constructor(context, options) {
    Object.assign(this, { context, lang: options.lang ?? "fr", base: options.base ?? BASE, script: options.script ?? true, allow: [...(options.allow ?? [])], faults: [] });
  }

  static async begin(options) {
    const context = await (await chrome()).newContext({
      locale: options.lang === "en" ? "en-GB" : "fr-FR",
      timezoneId: "Europe/Paris",
      colorScheme: options.dark ? "dark" : "light",
      reducedMotion: options.motion ? "no-preference" : "reduce",
      viewport: options.phone ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      hasTouch: Boolean(options.phone),
      isMobile: Boolean(options.phone),
      javaScriptEnabled: options.script ?? true,
      acceptDownloads: true,
      // Each visitor has an address of their own, as in life: tries of one address are counted.
      extraHTTPHeaders: { "x-forwarded-for": ["10", ...crypto.getRandomValues(new Uint8Array(3))].join(".") },
    });
    context.setDefaultTimeout(10_000);
    context.setDefaultNavigationTimeout(20_000);
    const visit = new Visit(context, options);
    visit.watch();
    if (visit.script) await context.addInitScript(tellOfPolicy);
    visit.page = await context.newPage();
    return visit;
  }

  watch() {
    const fault = (text) => this.faults.push(text);
    this.context.on("console", (message) => {
      const text = `${message.text()} (${message.location().url})`;
      if (message.type() === "error") fault(`console: ${text}`);
      else if (message.type() === "warning" && /hydrat|leptos|reactive|dispose|panick/i.test(text)) fault(`console warning: ${text}`);
    });
    this.context.on("weberror", (error) => fault(`page error: ${error.error()?.stack ?? error.error()}`));
    this.context.on("request", (request) => request.url().endsWith("/csp-report") && fault(`csp report: ${request.postData()}`));
    this.context.on("response", (response) => response.status() >= 500 && fault(`${response.status()} from ${response.url()}`));
  }

  /** The word for this reader. */
  w(key, values) {
    return word(this.lang, key, values);
  }

  /** Opens a page of the product, and waits until the browser has taken it over. */
  async go(path) {
    const response = await this.page.goto(this.base + path);
    await this.alive();
    return response;
  }

  /** Waits until the page's controls do something. */
  async alive() {
    if (!this.script) return;
    await until(`${this.page.url()} is taken over by the browser`, async () => {
      const broken = this.faults.find((fault) => fault.includes("hydration"));
      if (broken) throw new Broken(broken);
      return this.page.evaluate(() => !document.querySelector("#user-menu") || document.querySelector("#user-menu button[type=button]:not([hidden])") !== null);
    }, { within: 60_000 });
  }

  button(key, values) {
    return this.page.getByRole("button", { name: this.w(key, values), exact: true });
  }

  field(key) {
    return this.page.getByLabel(this.w(key), { exact: true });
  }

  async signIn(person) {
    await this.page.goto(`${this.base}/sign-in`);
    await this.field("account.email").fill(person.email);
    await this.page.locator("input[name=password]").fill(person.password);
    await this.button("account.sign_in.do").click();
    await this.page.waitForURL((url) => url.pathname !== "/sign-in");
    await this.alive();
    return this;
  }

  /** Makes an account through the page, as a business. */
  async signUp(person) {
    await this.page.goto(`${this.base}/sign-up`);
    await this.field("account.company").fill(person.company);
    await this.field("account.name").fill(person.name);
    await this.field("account.email").fill(person.email);
    await this.page.locator("input[name=password]").fill(person.password);
    await this.page.locator("input[name=terms]").check();
    await this.button("account.sign_up.do").click();
    await this.page.waitForURL("**/sign-up/sent");
    return this;
  }

  path() {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  complaints() {
    return this.faults.filter((fault) => !this.allow.some((allowed) => allowed.test(fault)));
  }

  async end() {
    await this.context.close();
  }
}

/** In the page: a policy that stopped something speaks up where the watch hears it. */
function tellOfPolicy() {
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`content policy: ${event.violatedDirective} stopped ${event.blockedURI} ${event.sourceFile ?? ""}:${event.lineNumber} ${event.sample}`);
  });
}

/** One promise kept: `body` gets the visit; `enter` brings in further people. Any complaint of any page fails it. */
export function journey(name, options, body) {
  test(name, { timeout: options.timeout ?? 180_000 }, async () => {
    const visits = [];
    const enter = async (more = {}) => {
      const visit = await Visit.begin(more);
      visits.push(visit);
      if (more.as) await visit.signIn(more.as());
      return visit;
    };
    try {
      const visit = await enter(options);
      await body(visit, enter);
      for (const each of visits) assert.deepEqual(each.complaints(), [], "the pages complained");
    } catch (error) {
      await keep(name, visits, error);
      throw error;
    } finally {
      await Promise.all(visits.map((visit) => visit.end().catch(() => {})));
    }
  });
}

async function keep(name, visits, error) {
  mkdirSync(RESULTS, { recursive: true });
  const stem = join(RESULTS, name.replace(/[^a-z0-9]+/gi, "-").slice(0, 60));
  appendFileSync(join(RESULTS, "failed"), `${process.argv[1]}\n`); // the files to run once more
  const told = [String(error?.stack ?? error)];
  for (const [index, visit] of visits.entries()) {
    told.push(`--- ${index}: ${visit.page.url()}`, ...visit.faults);
    await visit.page.screenshot({ path: `${stem}-${index}.png`, timeout: 5000 }).catch(() => {});
    const html = await visit.page.content().catch(() => "");
    writeFileSync(`${stem}-${index}.html`, html);
  }
  writeFileSync(`${stem}.txt`, told.join("\n"));
}

// ---- waiting

/** What no waiting will put right. */
class Broken extends Error {}

/** Asks until the answer is true, or says what never came. */
export async function until(what, ask, { within = 15_000, every = 50 } = {}) {
  const end = Date.now() + within;
  for (let last; ; await sleep(every)) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      if (error instanceof Broken) throw error;
      last = error;
    }
    if (Date.now() > end) throw new Error(`never: ${what} (last: ${String(last?.stack ?? last).slice(0, 400)})`);
  }
}

/** Waits until the answer is this one: what a page shows comes a moment after what caused it. */
export const becomes = async (what, wanted, ask) => {
  let last;
  await until(what, async () => (last = await ask()) === wanted).catch(() => assert.equal(last, wanted, what));
};

/** Waits until exactly this stands in the element. */
export const shows = (locator, text, options) => until(`“${text}”`, async () => plain(await locator.innerText()).includes(plain(text)), options);

/** The link of an invitation to an address, from the mailbox of the sandbox. */
export async function mailed(visit, email) {
  const { page } = visit;
  return until(`a letter to ${email}`, async () => {
    await page.goto(`${BASE}/sandbox/mail`);
    const row = page.locator("tr, li", { hasText: email }).first();
    if ((await row.count()) === 0) return false;
    await row.getByRole("link").first().click();
    await page.waitForLoadState();
    return plain(await page.content()).match(/http[^"'\s<]*\/join\/[\w-]+/)?.[0] ?? false;
  });
}

// ---- calls

/** Lines of the conversation on the page, as `who: words`, without the one being spoken. */
export async function lines(page) {
  return page.locator(".script li.line:not(.partial):not(.event)").evaluateAll((items) =>
    items.map((item) => {
      const who = item.querySelector(".who");
      const name = [...who.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent).join("").trim();
      return `${name}: ${item.querySelector(".say").textContent.trim()}`;
    }),
  );
}

/** Rings an assistant through the dialog of the page; ends on the call's live page. */
export async function simulate(visit, ending = "00", press = (button) => button.click()) {
  await press(visit.page.locator("main, .page").getByRole("button", { name: visit.w("calls.simulate"), exact: true }).first());
  const dialog = visit.page.getByRole("dialog", { name: visit.w("calls.simulate") });
  const choice = dialog.locator(`input[name=ending][value="${ending}"]`);
  await choice.waitFor({ state: "attached" });
  if (!(await choice.isVisible())) await dialog.locator("summary").click();
  await choice.check();
  await press(dialog.getByRole("button", { name: visit.w("calls.simulate_start"), exact: true }));
  await visit.page.waitForURL(/\/live\/call_/, { timeout: 20_000 });
  return visit.page.url().split("/").at(-1);
}

/** The panel of the call that is open. */
export const panel = (visit) => visit.page.locator("#call");

/** Waits until the caller was answered. */
export async function answered(visit) {
  await until("the call is answered", () => visit.page.locator("#act-mute").isEnabled(), { within: 20_000 });
}

/** Writes down every partial line the page shows from now on. */
export async function notePartials(page) {
  await page.evaluate(() => {
    window.partials = new Set();
    const look = () => document.querySelectorAll(".script li.partial .say").forEach((say) => window.partials.add(say.textContent.trim()));
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
  return () => page.evaluate(() => [...window.partials].filter(Boolean));
}
