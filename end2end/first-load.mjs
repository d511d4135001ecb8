// node first-load.mjs URL SESSION VISITS: for landing, sign-in and Live the brotli bytes and, on a slow phone, LCP, CLS and TBT; a JSON array.
// The slow phone is that of Lighthouse's mobile profile, throttled at the network itself: 4 times less CPU, 1.6 Mbit/s down, 150 ms.
import { chromium } from "playwright-core";
import { KIB, weigh } from "./weigh.mjs";

const [base, session, visits] = process.argv.slice(2);
const cookie = `__Host-zc=${session}`;
const PAGES = [
  { page: "landing", path: "/", budget: 40 },
  { page: "sign-in", path: "/sign-in", budget: 40 },
  { page: "live", path: "/live", budget: 300, cookie },
];
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });

// Runs in the page, before everything else.
function observe() {
  const seen = (window.__seen = { lcp: 0, cls: 0, fcp: 0, tasks: [] });
  const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
  watch("largest-contentful-paint", (entry) => (seen.lcp = entry.startTime));
  watch("layout-shift", (entry) => entry.hadRecentInput || (seen.cls += entry.value));
  watch("paint", (entry) => entry.name === "first-contentful-paint" && (seen.fcp = entry.startTime));
  watch("longtask", (entry) => seen.tasks.push([entry.startTime, entry.duration]));
}

async function visit({ path, cookie }) {
  const context = await browser.newContext({ locale: "fr-FR", viewport: { width: 412, height: 823 }, deviceScaleFactor: 2 });
  if (cookie) await context.addCookies([{ name: "__Host-zc", value: session, url: base.replace("http:", "https:"), secure: true, httpOnly: true, sameSite: "Lax" }]);
  const page = await context.newPage();
  await page.addInitScript(observe);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8 });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const answer = await page.goto(base + path, { waitUntil: "load", timeout: 30_000 });
  if (answer.status() !== 200 || new URL(page.url()).pathname !== path) throw new Error(`${path} leads to ${page.url()} with ${answer.status()}`);
  await page.waitForTimeout(2500); // what wasm does after the page is there counts
  const seen = await page.evaluate(() => window.__seen);
  await context.close();
  return { lcp: seen.lcp, fcp: seen.fcp, cls: seen.cls, tbt: seen.tasks.reduce((sum, [at, took]) => sum + (at + took > seen.fcp ? Math.max(0, took - 50) : 0), 0) };
}

const median = (all, of) => all.map(of).sort((a, b) => a - b)[Math.floor(all.length / 2)];
const results = [];
for (const page of PAGES) {
  const { bytes, parts, fonts } = await weigh(base, page.path, page.cookie);
  if (page.page === "live" && !parts.wasm) throw new Error("Live without wasm would be light, and dead");
  const visited = [];
  for (let i = 0; i < Number(visits); i += 1) visited.push(await visit(page));
  const kib = (count) => Math.round((count / KIB) * 10) / 10;
  results.push({
    page: page.page, figure: kib(bytes), unit: "KiB brotli", target: page.budget, ratio: Math.floor((page.budget * KIB * 100) / bytes) / 100,
    parts_kib: Object.fromEntries(Object.entries(parts).map(([part, count]) => [part, kib(count)])), fonts_kib: kib(fonts),
    fcp_ms: Math.round(median(visited, (one) => one.fcp)), lcp_ms: Math.round(median(visited, (one) => one.lcp)),
    cls: Math.round(median(visited, (one) => one.cls) * 1000) / 1000, tbt_ms: Math.round(median(visited, (one) => one.tbt)), samples: visited.length,
  });
}
await browser.close();
console.log(JSON.stringify(results));
