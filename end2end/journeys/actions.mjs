// The team steps into a live call: two people, each at a server process of their own, see what the other does.
import { House, ports } from "../house.mjs";
import { BASE, answered, assert, becomes, journey, lines, org, panel, plain, shows, simulate, until } from "../kit.mjs";

const crew = () => org(3);

/** The events of the conversation, as they read. */
const told = async (visit) => (await visit.page.locator(".script li.event .say").allInnerTexts()).map(plain);
const tells = (visit, text) => until(`“${text}” among what happened`, async () => (await told(visit)).some((line) => line.includes(plain(text))));

async function compose(visit, audience, text) {
  await panel(visit).locator(".composer .seg label", { hasText: visit.w(audience) }).click();
  await visit.page.locator("#act-words").fill(text);
  await panel(visit).locator(".composer button[type=submit]").click();
}

journey("two of the team say, instruct, mute, listen, transfer and end, and each sees the other", { as: crew, timeout: 200_000 }, async (visit, enter) => {
  const { page } = visit;
  const [port, admin] = await ports(2);
  const second = new House("second-server", {
    BIND: `127.0.0.1:${port}`, ADMIN_BIND: `127.0.0.1:${admin}`, PUBLIC_URL: BASE,
    VAPI_BASE_URL: `http://${process.env.ZENCALL_SIM_BIND}`, VAPI_API_KEY: "sandbox-key", VAPI_PUBLIC_KEY: "sandbox-public-key",
  }, "web");
  try {
    await second.start();
    await visit.go("/live");
    const id = await simulate(visit, "09");
    await answered(visit);
    const other = await enter({ base: second.base });
    await other.signIn(crew());
    await other.go(`/live/${id}`);
    await answered(other);
    const [, assistant] = plain(await panel(visit).locator(".call-head p").innerText()).match(/avec (.*)$/);
    const outcome = (who) => who.page.locator(".call-outcome");

    // Say: the assistant says it, and both read it in the conversation.
    await compose(visit, "live.say", "Un instant, je vérifie avec ma collègue.");
    await shows(outcome(visit), visit.w("live.outcome.say", { name: assistant }));
    await becomes("what was sent leaves the field", "", () => page.locator("#act-words").inputValue());
    for (const who of [visit, other]) {
      await tells(who, "Un instant, je vérifie avec ma collègue.");
      await until("the words are said", async () => (await lines(who.page)).some((line) => line.includes("Un instant, je vérifie avec ma collègue.")), { within: 20_000 });
    }

    // Instruct, from the other browser, by its key.
    await other.page.locator("#call h2").click();
    await other.page.keyboard.press("i");
    await becomes("the field has the keyboard", "act-words", () => other.page.evaluate(() => document.activeElement.id));
    await other.page.keyboard.type("Propose un rappel demain matin.");
    await other.page.keyboard.press("Control+Enter");
    await shows(outcome(other), other.w("live.outcome.instruct", { name: assistant }));
    await tells(visit, "Propose un rappel demain matin.");

    // Mute and give the word back: the state is shared, whoever pressed.
    await other.page.locator("#act-mute").click();
    await shows(outcome(other), other.w("live.outcome.mute", { name: assistant }));
    await until("muted for both", () => page.locator("#act-mute[aria-pressed=true]").count());
    await shows(panel(visit), visit.w("live.muted", { name: assistant }));
    await page.locator("#act-mute").click();
    await shows(outcome(visit), visit.w("live.outcome.unmute", { name: assistant }));
    await until("the other sees it", () => other.page.locator("#act-mute[aria-pressed=false]").count());

    // Listen: the provider's audio is relayed.
    await page.locator("#act-listen").click();
    await shows(panel(visit), visit.w("live.listen_explained"));
    await page.locator("#act-listen").click();

    // Transfer: a wrong number is told beside the field, the assistant's own number goes through.
    await page.locator("#act-transfer").click();
    const dialog = page.getByRole("dialog", { name: visit.w("live.transfer_title") });
    await dialog.locator("input[name=to]").fill("12");
    await dialog.locator("input[name=to]").blur();
    await shows(dialog, visit.w("errors.field.phone.not_e164"));
    await dialog.locator("input[name=to]").fill("");
    await dialog.locator("input[name=number]").first().check();
    await dialog.getByRole("button", { name: visit.w("live.transfer"), exact: true }).click();
    await shows(outcome(visit), visit.w("live.outcome.transfer"));
    for (const who of [visit, other]) await until("the call has moved on", () => who.page.locator(".call-over").isVisible(), { within: 30_000 });

    // The record says who did what, and how it ended.
    await other.page.locator(".call-over").getByRole("link", { name: other.w("live.open_record") }).click();
    await other.page.locator(".record-head").waitFor();
    const deeds = plain(await other.page.locator(".deeds").innerText());
    for (const words of ["Un instant, je vérifie avec ma collègue.", "Propose un rappel demain matin."]) assert.ok(deeds.includes(words), deeds);
    await becomes("five deeds are told", 5, () => other.page.locator(".deeds li").count());
    await shows(other.page.locator(".record-figures"), other.w("calls.outcome.moved"), { within: 20_000 });
    await shows(other.page.locator(".callout").first(), plain(other.w("calls.end.transferred_to", { to: "" })).replace(/\s*\.$/, "").trim());

    // End: a click is not enough, a held button is; both see it.
    await visit.go("/live");
    const last = await simulate(visit, "09");
    await answered(visit);
    await other.go(`/live/${last}`);
    const end = page.locator("#act-end button");
    await end.click();
    await shows(page.locator("#act-end"), visit.w("kit.hold"));
    assert.equal(await page.locator(".call-over").count(), 0, "a click ends nothing");
    await end.click({ delay: 1100 });
    await shows(outcome(visit), visit.w("live.outcome.end"));
    for (const who of [visit, other]) await until("the end", () => who.page.locator(".call-over").isVisible(), { within: 20_000 });
    await until("nothing more can be done", () => page.locator("#act-mute").isDisabled());
    await shows(panel(visit), visit.w("live.hindrance.over"));
  } finally {
    await second.kill();
  }
});
