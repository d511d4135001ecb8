// node live-delay.mjs URL SESSION: opens Live, prints how many calls it shows, and when a line comes on stdin, when each `signal-N` was first in the page.
import { chromium } from "playwright-core";
import { once } from "node:events";

const [base, session] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
const context = await browser.newContext({ locale: "fr-FR", viewport: { width: 1440, height: 900 } });
await context.addCookies([{ name: "__Host-zc", value: session, url: base.replace("http:", "https:"), secure: true, httpOnly: true, sameSite: "Lax" }]);
const page = await context.newPage();
const socket = page.waitForEvent("websocket", { timeout: 30_000 });
await page.goto(`${base}/live`);
await (await socket).waitForEvent("framereceived", { timeout: 30_000 });
await page.waitForTimeout(1000);
const rows = await page.evaluate(() => {
  window.__seen = {};
  const note = (node) => {
    for (const [, signal] of (node.textContent ?? "").matchAll(/signal-(\d+)\./g)) window.__seen[signal] ??= performance.timeOrigin + performance.now();
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") note(change.target);
      for (const node of change.addedNodes) note(node);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  return document.querySelectorAll('a[href*="/live/call_"], a[href*="/calls/call_"]').length;
});
console.log(JSON.stringify({ rows }));
await once(process.stdin, "data");
console.log(JSON.stringify(await page.evaluate(() => window.__seen)));
await browser.close();
process.exit(0);
