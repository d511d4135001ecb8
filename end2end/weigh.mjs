// What a first visit to a page transfers, in brotli. Fonts come apart: woff2 is compressed already, cached for ever, and text shows before they arrive.
import { brotliCompressSync } from "node:zlib";

export const KIB = 1024;

export async function get(base, path, cookie) {
  const response = await fetch(base + path, { headers: { "accept-encoding": "br", ...(cookie && { cookie }) }, redirect: "manual" });
  if (response.status !== 200) throw new Error(`${path} answers ${response.status}`);
  return Buffer.from(await response.arrayBuffer()); // fetch has decoded it
}

// Files of pkg/ are served as the build compressed them; pages are compressed here as well as possible, to measure what they hold.
const brotli = (body) => brotliCompressSync(body).length;

export async function weigh(base, path, cookie) {
  const page = await get(base, path, cookie);
  const here = page.toString().replace(/ data-more-\w+="[^"]*"/g, ""); // what other pages fetch
  const names = new Set(here.match(/\/pkg\/[\w./-]+\.(?:js|wasm|css|txt|woff2)/g) ?? []);
  for (const name of [...names].filter((name) => name.endsWith(".css"))) {
    const css = (await get(base, name)).toString();
    for (const [, font] of css.matchAll(/url\(([\w.-]+\.woff2)\)/g)) names.add(`/pkg/${font}`);
  }
  for (const name of names) {
    if (!name.endsWith(".js")) continue;
    for (const [, other] of (await get(base, name)).toString().matchAll(/(?:^|;)import\b[^("';]*?\bfrom\s*"(.+?)"/gm)) names.add(new URL(other, base + name).pathname); // is visited too
  }
  const parts = { html: brotli(page), js: 0, wasm: 0, words: 0, css: 0, woff2: 0 };
  for (const name of names) {
    const body = await get(base, name);
    parts[name.endsWith(".txt") ? "words" : name.split(".").at(-1)] += name.endsWith(".woff2") ? body.length : brotli(body);
  }
  const { woff2: fonts, ...counted } = parts;
  return { bytes: Object.values(counted).reduce((sum, part) => sum + part), parts: counted, fonts };
}
