// axe-core on the page as it stands, in both themes.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { assert } from "./kit.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds: all rules as the page stands, then the colours again in the other theme. */
export async function examine(visit, what, found) {
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

/** Fails with everything that was found. */
export const nothing = (found) => assert.equal(found.length, 0, `axe found:\n${found.join("\n")}`);
