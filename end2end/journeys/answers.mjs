// The answer book: written, tried, imported, and filled from what callers asked in vain.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { examine, nothing } from "../axe.mjs";
import { assert, becomes, journey, org, plain, shows, sql, until } from "../kit.mjs";

const crew = () => org(2);
const dialog = (visit, key) => visit.page.getByRole("dialog", { name: visit.w(key) });
const rows = (visit) => visit.page.locator(".answer-list > li");
const file = (name, content) => {
  const path = join(process.env.JOURNEY_WORK, name);
  writeFileSync(path, content);
  return path;
};

journey("an entry is written, tried, changed, deleted and put back", { as: crew }, async (visit) => {
  const { page } = visit;
  const found = [];
  visit.allow.push(/status of 422/); // the form that is sent with an error in it
  await visit.go("/answers");
  await shows(page.locator("main"), visit.w("answers.empty_title"));
  await shows(page.locator("main"), visit.w("answers.open_empty"));
  await examine(visit, "the empty book", found);

  // What is wrong is told beside the field; then it is kept.
  await visit.button("answers.new").first().click();
  const form = dialog(visit, "answers.new_title");
  await form.locator("[name='form[question]']").fill("Acceptez-vous les chèques-vacances ?");
  await form.locator("[name='form[answer]']").fill("Oui, pour tous les soins.");
  await form.locator("[name='form[valid_from]']").fill("2026-02-02");
  await form.locator("[name='form[valid_until]']").fill("2026-02-01");
  await form.getByRole("button", { name: visit.w("answers.save"), exact: true }).click();
  await shows(form, visit.w("answers.field.answer.days_in_order"));
  await examine(visit, "the form with an error", found);
  await form.locator("[name='form[valid_from]']").fill("");
  await form.locator("[name='form[valid_until]']").fill("");
  await form.getByRole("button", { name: visit.w("answers.save"), exact: true }).click();
  await until("the form closes", async () => !(await form.isVisible()));
  await until("one entry", async () => (await rows(visit).count()) === 1);

  // Tried with a slip and without accents: it is what the assistant would say; another question is not.
  await page.locator("input[name=try]").fill("cheque vacance accepté ?");
  await page.locator("input[name=try]").press("Enter");
  await page.waitForURL("**/answers?try=*");
  await shows(page.locator(".try-result"), "Oui, pour tous les soins.");
  await shows(page.locator(".try-result"), visit.w("answers.strength.sure"));
  await page.locator("input[name=try]").fill("vous vendez des girafes ?");
  await page.locator("input[name=try]").press("Enter");
  await shows(page.locator(".try-result"), visit.w("answers.try_nothing_title"));
  await examine(visit, "a question without an answer", found);

  // Changed, deleted, put back.
  await rows(visit).first().getByRole("button").first().click();
  const edit = dialog(visit, "answers.edit_title");
  await becomes("the question is filled in", "Acceptez-vous les chèques-vacances ?", () => edit.locator("[name='form[question]']").inputValue());
  await edit.locator("[name='form[paused]']").check();
  await edit.getByRole("button", { name: visit.w("answers.save"), exact: true }).click();
  await shows(rows(visit).first(), visit.w("answers.state.paused"));
  await rows(visit).first().getByRole("button").last().click();
  await shows(page.locator("main"), visit.w("answers.empty_title"));
  await visit.button("kit.undo").click();
  await until("it is back", async () => (await rows(visit).count()) === 1);
  nothing(found);
});

journey("an import is shown first, a damaged file is explained, and nothing is written unasked", { as: () => org(0) }, async (visit) => {
  const { page } = visit;
  const found = [];
  await visit.go("/answers");
  await visit.button("answers.import").click();
  const form = dialog(visit, "answers.import_title");
  await form.locator("input[type=file]").setInputFiles(file("picture.csv", Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 8])));
  await shows(form, visit.w("answers.field.answer.not_text"));
  // As a spreadsheet on Windows writes it, with two bad lines.
  const table = "question;réponse;langue\nLivrez-vous ?;Oui, à domicile.;fr\nSans réponse ?;;fr\nAllemand ?;Ja;de\nOù vous garer ?;Derrière l'hôtel.;\n";
  await form.locator("input[type=file]").setInputFiles(file("table.csv", Buffer.from(table, "latin1")));
  await shows(form, visit.w("answers.import_good", { n: 2 }).replace("{{n}}", "2"));
  await shows(form, plain(visit.w("answers.import_line", { line: 3 })));
  await shows(form, visit.w("answers.field.answer.answer_length"));
  await shows(form, plain(visit.w("answers.import_line", { line: 4 })));
  await examine(visit, "the preview", found);
  assert.equal(await sql(`select count(*) from answers where org_id = '${crewId(0)}'`), "0", "nothing is written yet");
  await form.getByRole("button", { name: visit.w("answers.import_confirm", { n: 2 }) }).click();
  await until("two entries", async () => (await rows(visit).count()) === 2);
  await shows(rows(visit).first(), "Livrez-vous ?");
  await shows(page.locator(".toasts"), visit.w("answers.import_done", { n: 2 }));
  nothing(found);
});

const crewId = (index) => {
  const { org_id } = org(index);
  return org_id.includes("_") ? uuid(org_id) : org_id;
};
const uuid = (id) => {
  const digits = [...id.split("_")[1]].reduce((sum, digit) => sum * 32n + BigInt("0123456789abcdefghjkmnpqrstvwxyz".indexOf(digit)), 0n);
  return digits.toString(16).padStart(32, "0").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
};

journey("what callers asked in vain becomes an entry with one click, on a phone, too", { as: () => org(1), phone: true }, async (visit) => {
  const { page } = visit;
  await sql(`insert into unanswered_questions (id, org_id, language, question_key, question, asked, last_asked_at)
    select gen_random_uuid(), '${crewId(1)}', 'fr', key, text, asked, now() from (values ('girafes vendez', 'Vendez-vous des girafes ?', 4), ('anes louez', 'Louez-vous des ânes ?', 1)) as q (key, text, asked)`);
  const found = [];
  await visit.go("/answers");
  const open = page.locator(".open-questions > li");
  await becomes("both questions are listed", 2, () => open.count());
  await examine(visit, "open questions on a phone", found);
  await shows(open.first(), "Vendez-vous des girafes ?");
  await open.first().getByRole("button").first().click();
  const form = dialog(visit, "answers.new_title");
  await becomes("the question is filled in", "Vendez-vous des girafes ?", () => form.locator("[name='form[question]']").inputValue());
  await form.locator("[name='form[answer]']").fill("Non, seulement des chats.");
  await form.getByRole("button", { name: visit.w("answers.save"), exact: true }).click();
  await until("it has left the list", async () => (await open.count()) === 1);
  await shows(rows(visit).first(), "Non, seulement des chats.");
  await open.first().getByRole("button").last().click();
  await shows(page.locator("main"), visit.w("answers.open_empty"));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.ok(!wide, "nothing sticks out to the side");
  nothing(found);
});
