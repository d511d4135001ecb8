// Outgoing webhooks, from the page to a listener of our own: made, fails, recovers, replayed; the standard's own client reads what comes.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { examine, nothing } from "../axe.mjs";
import { assert, journey, org, shows, until } from "../kit.mjs";

/** Remembers what comes; answers 500 while it is broken. */
const listen = () => new Promise((resolve) => {
  const sink = { received: [], isBroken: true };
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (piece) => { body += piece; }).on("end", () => {
      sink.received.push({ headers: request.headers, body });
      response.writeHead(sink.isBroken ? 500 : 200).end(sink.isBroken ? "it broke" : "thanks");
    });
  });
  const [host, port] = process.env.JOURNEY_SINK.split(":");
  sink.url = `http://${host}:${port}/hooks`;
  sink.close = () => server.close();
  server.unref(); // a journey that fails must end, too
  server.listen(Number(port), host, () => resolve(sink));
});

journey("an endpoint is made, fails, recovers and is replayed", { as: () => org(5), timeout: 120_000 }, async (visit) => {
  const { page } = visit;
  const found = [];
  const sink = await listen();
  visit.allow.push(/status of 422/); // the form that is sent with a private address
  await visit.go("/settings/webhooks");
  await shows(page.locator("main"), visit.w("webhooks.empty"));
  await examine(visit, "no endpoints", found);

  // A private address is refused beside its field; the listener's is let through for tests.
  await visit.button("webhooks.new").first().click();
  const form = page.getByRole("dialog", { name: visit.w("webhooks.new"), exact: true });
  await form.locator("[name='form[url]']").fill("https://169.254.169.254/latest");
  await form.getByRole("button", { name: visit.w("webhooks.add"), exact: true }).click();
  await until("the refusal", async () => (await form.locator("[aria-invalid='true']").count()) > 0);
  await examine(visit, "the form with an error", found);
  await form.locator("[name='form[url]']").fill(sink.url);
  await form.locator("input[value='member.removed']").check(); // other journeys make calls in this house meanwhile
  await form.getByRole("button", { name: visit.w("webhooks.add"), exact: true }).click();
  await shows(page.locator("main"), visit.w("webhooks.fresh"));
  const secret = await page.locator(".fresh-key").innerText();
  assert.match(secret, /^whsec_/);

  // A sample fails, and is seen to.
  const row = page.locator("tr", { hasText: sink.url });
  await row.getByRole("button", { name: visit.w("webhooks.sample"), exact: true }).click();
  const sample = page.getByRole("dialog", { name: visit.w("webhooks.sample_title"), exact: true });
  await sample.getByRole("button", { name: visit.w("webhooks.sample"), exact: true }).click();
  await until("the first attempt", async () => sink.received.length > 0);
  await row.getByRole("link", { name: sink.url }).click();
  await until("the failure in the list", async () => {
    await visit.button("webhooks.refresh").click();
    return (await page.locator("#deliveries").innerText()).includes("500");
  });
  await examine(visit, "a delivery that failed", found);

  // It recovers, by itself.
  sink.isBroken = false;
  await until("the second attempt", async () => sink.received.length > 1, { within: 30_000 });
  await until("the delivery in the list", async () => {
    await visit.button("webhooks.refresh").click();
    return (await page.locator("#deliveries").innerText()).includes(visit.w("webhooks.delivered"));
  });
  await page.locator("#deliveries").getByRole("button", { name: visit.w("webhooks.look"), exact: true }).first().click();
  const sheet = page.getByRole("dialog", { name: visit.w("webhooks.delivery"), exact: true });
  await shows(sheet, "it broke");
  await shows(sheet, "thanks");
  await examine(visit, "both attempts", found);
  await page.keyboard.press("Escape");

  // Replayed under the same id; the standard's client takes all of them, and none that was changed.
  await page.locator("#deliveries").getByRole("button", { name: visit.w("webhooks.resend"), exact: true }).first().click();
  await until("the third attempt", async () => sink.received.length > 2);
  const client = new Webhook(secret);
  for (const { headers, body } of sink.received) {
    assert.equal(client.verify(body, headers).type, "call.ended");
    assert.throws(() => client.verify(`${body} `, headers));
  }
  assert.equal(new Set(sink.received.map(({ headers }) => headers["webhook-id"])).size, 1);
  sink.close();
  nothing(found);
});
