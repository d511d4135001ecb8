// node tidy_wasm.mjs JS WASM...: prepares a client for compression, in place. Run between wasm-bindgen and wasm-opt, which does the moving.
// Three things that brotli cannot do by itself; together they take 11 % off the client:
// - Functions get names in the order of their bodies, so that wasm-opt (`--reorder-functions-by-name`) lays those that are alike side by side.
// - What can be called but never is loses its body: leptos keeps, for every view, the way to hydrate it piece by piece (`hydrate_lazy`),
//   and we hydrate by `hydrate_body` only. Were it called after all, the page would stop where it begins: journeys on a release would tell.
// - What wasm-bindgen gives the wasm has a hash in its name, on both sides; short names do as well. Its comments go, too.
import { readFileSync, writeFileSync } from "node:fs";

// `…::hydrate_async` and the closures in it, mangled; not the small functions in it, which LLVM may have made one with others.
const NEVER_CALLED = /13hydrate_async(28_\$u7b\$\$u7b\$closure\$u7d\$\$u7d\$)*17h[0-9a-f]{16}E$/;
const STOP = Uint8Array.of(0, 0, 0x0b); // no locals, `unreachable`, `end`
const CODE = 10, IMPORT = 2, CUSTOM = 0, FUNCTION_NAMES = 1;

const shortNames = new Map();
const shortened = (name) => {
  if (!/^__wb(g|indgen)_\w*_[0-9a-f]{16}$/.test(name)) return name;
  if (!shortNames.has(name)) shortNames.set(name, `_${shortNames.size.toString(36)}`);
  return shortNames.get(name);
};

function tidyScript(script) {
  return script.replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, "").replace(/\b__wb(?:g|indgen)_\w*_[0-9a-f]{16}\b/g, (name) => shortNames.get(name) ?? name);
}

function tidy(module) {
  const sections = sectionsOf(module);
  const imports = sections.find(({ id }) => id === IMPORT);
  const imported = imports ? shortenImports(imports) : 0;
  const names = functionNames(sections.filter(({ id }) => id === CUSTOM).map(({ body }) => body));
  const code = sections.find(({ id }) => id === CODE);
  if (!code) return module;
  const bodies = functionBodies(code.body).map((body, i) => (NEVER_CALLED.test(names.get(imported + i)) ? STOP : body));
  code.body = Buffer.concat([leb(bodies.length), ...bodies.flatMap((body) => [leb(body.length), body])]);
  const order = bodies.map((_, i) => i).sort((a, b) => Buffer.compare(bodies[a], bodies[b]));
  const rank = new Map(order.map((function_, place) => [function_, place]));
  const named = bodies.map((_, i) => [leb(imported + i), text(String(rank.get(i)).padStart(6, "0"))]).flat();
  const list = Buffer.concat([leb(bodies.length), ...named]);
  const nameSection = { id: CUSTOM, body: Buffer.concat([text("name"), leb(FUNCTION_NAMES), leb(list.length), list]) };
  const kept = sections.filter(({ id, body }) => id !== CUSTOM || customName(body) !== "name");
  return Buffer.concat([module.subarray(0, 8), ...[...kept, nameSection].flatMap(({ id, body }) => [Buffer.of(id), leb(body.length), body])]);
}

// ---- reading

function reader(bytes, at = 0) {
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const take = (length) => bytes.subarray(at, (at += length));
  return { number, take, byte: () => bytes[at++], text: () => take(number()).toString(), get at() { return at; }, get rest() { return bytes.length - at; } };
}

function sectionsOf(module) {
  const from = reader(module, 8);
  const sections = [];
  while (from.rest) sections.push({ id: from.byte(), body: from.take(from.number()) });
  return sections;
}

/** Gives the imports their short names; how many functions there are among them. */
function shortenImports(section) {
  const from = reader(section.body);
  const entries = [];
  let functions = 0;
  const limits = () => {
    const hasMost = from.byte() & 1;
    from.number();
    if (hasMost) from.number();
  };
  const count = from.number();
  for (let left = count; left; left -= 1) {
    const [module, name] = [from.text(), from.text()];
    const start = from.at;
    const kind = from.byte();
    if (kind === 0) { from.number(); functions += 1; }
    else if (kind === 1) { from.byte(); limits(); }
    else if (kind === 2) limits();
    else if (kind === 3) from.take(2);
    else throw new Error(`an import of kind ${kind}`);
    entries.push(text(module), text(shortened(name)), section.body.subarray(start, from.at));
  }
  section.body = Buffer.concat([leb(count), ...entries]);
  return functions;
}

const customName = (body) => reader(body).text();

function functionNames(customSections) {
  const names = new Map();
  const body = customSections.find((body) => customName(body) === "name");
  if (!body) return names;
  const from = reader(body);
  from.text();
  while (from.rest) {
    const [kind, part] = [from.byte(), reader(from.take(from.number()))];
    if (kind === FUNCTION_NAMES) for (let left = part.number(); left; left -= 1) names.set(part.number(), part.text());
  }
  return names;
}

function functionBodies(body) {
  const from = reader(body);
  return Array.from({ length: from.number() }, () => from.take(from.number()));
}

// ---- writing

function leb(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}

function text(words) {
  const bytes = Buffer.from(words);
  return Buffer.concat([leb(bytes.length), bytes]);
}

const [script, ...modules] = process.argv.slice(2);
for (const module of modules) writeFileSync(module, tidy(readFileSync(module)));
writeFileSync(script, tidyScript(readFileSync(script, "utf8")));
