// Drafts, versions and drift: what is prepared, published, brought back, and found changed at the provider.
import { examine, nothing } from "../axe.mjs";
import { BASE, assert, becomes, journey, plain, shows, stranger, until } from "../kit.mjs";

const SIM = `http://${process.env.ZENCALL_SIM_BIND}`;

/** Asks the simulator as somebody with Vapi's own dashboard does. */
async function vapi(path, options = {}) {
  const answer = await fetch(SIM + path, { ...options, headers: { authorization: "Bearer sandbox-key", "content-type": "application/json" } });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

/** What the simulator holds of an assistant of ours. */
async function copyOf(id) {
  return (await vapi("/assistant?limit=1000")).find((held) => held.metadata?.assistant === id);
}

const standing = (visit) => visit.page.locator("section.card", { has: visit.page.locator("#h-standing") });
const inStep = (visit) => until("in step with the provider", async () => plain(await standing(visit).innerText()).includes(visit.w("assistants.sync.in_step")), { within: 20_000 });

/** An organisation of one's own with one assistant; its id. */
async function begin(visit) {
  const person = stranger();
  await visit.signUp(person);
  await visit.signIn(person);
  await visit.go("/assistants/new");
  await visit.page.getByLabel(visit.w("assistants.name"), { exact: true }).fill("Léa, accueil");
  await visit.button("assistants.create").click();
  await visit.page.waitForURL(/\/assistants\/ast_/);
  await inStep(visit);
  return visit.page.url().split("/").at(-1);
}

journey("an edit is a draft, publishing shows what changes, and an old version comes back", { timeout: 240_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  const id = await begin(visit);
  const first = (await copyOf(id)).firstMessage;
  const greeting = visit.page.getByLabel(visit.w("assistants.first_message"), { exact: true });

  // Saved, it is nobody's but ours.
  await greeting.fill("Bonjour, ici l'assistante virtuelle de l'atelier.");
  await visit.button("assistants.save").click();
  await shows(page.locator(".savebar"), visit.w("assistants.draft_saved", { n: 1 }));
  assert.equal((await copyOf(id)).firstMessage, first, "a draft reaches no provider");
  await visit.go(`/assistants/${id}`);
  await becomes("the draft is what is edited", "Bonjour, ici l'assistante virtuelle de l'atelier.", () => greeting.inputValue());
  await shows(page.locator(".savebar"), visit.w("assistants.draft_changes", { n: 1 }));

  // Published, with a reason.
  await page.locator("#publish").click();
  const dialog = page.getByRole("dialog", { name: visit.w("assistants.publish_title") });
  await shows(dialog.locator(".diff .del"), first);
  await shows(dialog.locator(".diff .ins"), "Bonjour, ici l'assistante virtuelle de l'atelier.");
  await examine(visit, "the dialog that publishes", found);
  await dialog.getByLabel(visit.w("assistants.why")).fill("Un accueil plus court");
  await dialog.getByRole("button", { name: visit.w("assistants.publish_as", { n: 2 }), exact: true }).click();
  await until("the dialog closes", async () => (await dialog.count()) === 0 || !(await dialog.isVisible()));
  await shows(page.locator(".savebar"), visit.w("assistants.draft_none"));
  await inStep(visit);
  await until("the provider has it", async () => (await copyOf(id)).firstMessage.startsWith("Bonjour, ici"), { within: 20_000 });

  // The history says who, when and why.
  await page.getByRole("link", { name: visit.w("assistants.tab_versions"), exact: true }).click();
  const versions = page.locator("ol.versions > li");
  await until("two versions", async () => (await versions.count()) === 2);
  await shows(versions.first(), "Un accueil plus court");
  await shows(versions.first(), visit.w("assistants.version_current"));
  await examine(visit, "the history", found);

  // Version 1 comes back as a draft.
  await versions.nth(1).getByRole("link").click();
  await page.locator("#h-version").waitFor();
  await shows(page.locator("section.card", { has: page.locator("#h-figures") }), visit.w("assistants.figures_calls"));
  await examine(visit, "a version", found);
  await visit.button("assistants.restore").click();
  await page.waitForURL((url) => url.pathname === `/assistants/${id}`);
  await until("the first words of version 1", async () => (await greeting.inputValue()) === first);
  await page.locator("#publish").click();
  await dialog.getByRole("button", { name: visit.w("assistants.publish_as", { n: 3 }), exact: true }).click();
  await until("version 1 is at the provider again", async () => (await copyOf(id)).firstMessage === first, { within: 20_000 });
  await visit.go(`/assistants/${id}/versions`);
  await shows(versions.first(), visit.w("assistants.restored_from", { n: 1 }));
  nothing(found);
});

journey("a copy that was changed at Vapi is found, shown and sent again", { timeout: 240_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  const id = await begin(visit);
  const copy = await copyOf(id);
  await vapi(`/assistant/${copy.id}`, { method: "PATCH", body: JSON.stringify({ firstMessage: "Allô ?", model: { ...copy.model, temperature: 0.9 } }) });

  await visit.button("assistants.look_now").click();
  await shows(standing(visit), visit.w("assistants.drift_title"), { within: 20_000 });
  await shows(standing(visit).locator(".diff .ins"), "Allô ?");
  await shows(standing(visit), "model.temperature");
  await examine(visit, "a drift", found);
  await standing(visit).getByRole("button", { name: visit.w("assistants.drift_push"), exact: true }).click();
  await until("ours is there again", async () => (await copyOf(id)).firstMessage === copy.firstMessage, { within: 20_000 });
  await until("nothing differs", async () => !plain(await standing(visit).innerText()).includes(visit.w("assistants.drift_title")), { within: 20_000 });
  assert.equal((await copyOf(id)).model.temperature, copy.model.temperature);
  nothing(found);
});

journey("two people at one assistant lose nothing, and a damaged file is explained", { timeout: 240_000 }, async (visit) => {
  const { page } = visit;
  visit.allow.push(/status of 409/, /status of 422/);
  const id = await begin(visit);
  const other = await visit.context.newPage();
  await other.goto(`${BASE}/assistants/${id}`);
  await until("the other tab is alive", () => other.evaluate(() => document.querySelector("#user-menu button[type=button]:not([hidden])") !== null), { within: 60_000 });
  const name = (tab) => tab.getByLabel(visit.w("assistants.name"), { exact: true });
  const save = (tab) => tab.getByRole("button", { name: visit.w("assistants.save"), exact: true }).click();
  await name(page).fill("La première");
  await save(page);
  await shows(page.locator(".savebar"), visit.w("assistants.draft_saved", { n: 1 }));
  await name(other).fill("La seconde");
  await save(other);
  const conflict = other.locator("[role=alert]", { hasText: visit.w("assistants.conflict.assistant_changed") });
  await shows(conflict.locator(".diff .del"), "La première");
  await shows(conflict.locator(".diff .ins"), "La seconde");
  await conflict.getByRole("button", { name: visit.w("assistants.keep_mine"), exact: true }).click();
  await shows(other.locator(".savebar"), visit.w("assistants.draft_saved", { n: 1 }));
  await visit.go(`/assistants/${id}`);
  await becomes("the copy has its name", "La seconde", () => name(page).inputValue());
  await other.close();

  const file = await (await page.request.get(`${BASE}/assistants/${id}/export.json`)).text();
  await visit.go("/assistants/new");
  await page.getByText(visit.w("assistants.import_title")).click();
  const choose = (text) => page.locator("input[type=file]").setInputFiles({ name: "lea.zencall.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await choose(file.replace("fr-FR-DeniseNeural", "personne"));
  await until("the file is read", async () => (await page.locator("textarea[name=file]").inputValue()).includes("personne"));
  await visit.button("assistants.import").click();
  await shows(page.locator(".problems"), "settings.voice");
  await choose(file.slice(0, 200));
  await until("the other file is read", async () => (await page.locator("textarea[name=file]").inputValue()).length === 200);
  await visit.button("assistants.import").click();
  await shows(page.locator(".problems"), visit.w("assistants.field.import.not_json"));
  await choose(file);
  await until("the whole file is read", async () => (await page.locator("textarea[name=file]").inputValue()).length > 300);
  await visit.button("assistants.import").click();
  await page.waitForURL((url) => /\/assistants\/ast_/.test(url.pathname) && !url.pathname.endsWith(id));
  await becomes("what is published travels, not the draft", "Léa, accueil", () => name(page).inputValue());
});
