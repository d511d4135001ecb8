// The second factor: set up with an app, asked for at sign-in, and a recovery code that is good once.
import { createHmac } from "node:crypto";
import { BASE, assert, journey, plain, shows, stranger } from "../kit.mjs";

/** What an app shows (RFC 6238): SHA-1, six digits, 30 s. `ahead` counts steps, since a code is good once. */
function code(secret, ahead = 0) {
  const bits = [...secret.replace(/[\s=]/g, "")].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

journey("a second factor is set up, asked for, and replaced once by a recovery code", {}, async (visit) => {
  const { page } = visit;
  visit.allow.push(/status of 422/);
  const person = stranger();
  await visit.signUp(person);
  await visit.signIn(person);
  await visit.go("/settings/security");
  const factor = page.locator("#second-factor");
  await shows(factor, visit.w("account.factor.off"));
  await factor.locator("input[autocomplete=current-password]").fill(person.password);
  await factor.getByRole("button", { name: visit.w("account.factor.begin") }).click();
  await factor.getByRole("img", { name: visit.w("account.factor.qr") }).waitFor();
  const secret = (await factor.locator("code").innerText()).trim();
  await page.locator("input[name=code]").fill("000000");
  await factor.getByRole("button", { name: visit.w("account.factor.confirm"), exact: true }).click();
  await shows(factor, visit.w("account.field.code.wrong"));
  assert.equal(plain(await factor.locator("code").innerText()), plain(secret), "a mistyped code does not change the key");
  await page.locator("input[name=code]").fill(code(secret));
  await factor.getByRole("button", { name: visit.w("account.factor.confirm"), exact: true }).click();
  await page.locator("#codes").waitFor();
  const codes = (await page.locator("#codes li code").allInnerTexts()).map((text) => text.trim());
  assert.ok(codes.length >= 8);
  await shows(factor, visit.w("account.factor.on"));
  await visit.alive();

  const signOut = async () => {
    await page.locator("button[popovertarget=user-menu]").click();
    await page.locator("#user-menu").getByRole("menuitem", { name: visit.w("shell.sign_out") }).click();
    await page.waitForURL("**/sign-in?said=signed_out");
  };
  const password = async () => {
    await page.goto(`${BASE}/sign-in`);
    await page.locator("input[name=email]").fill(person.email);
    await page.locator("input[name=password]").fill(person.password);
    await visit.button("account.sign_in.do").click();
    await page.waitForURL("**/second-factor");
  };
  const prove = async (text) => {
    await page.locator("input[name=code]").fill(text);
    await visit.button("account.sign_in.do").click();
  };

  // The password alone opens nothing.
  await signOut();
  await password();
  assert.equal((await page.request.get(`${BASE}/home`, { headers: { accept: "text/html" }, maxRedirects: 0 })).status(), 303);
  await prove("123123");
  await shows(page.locator("main"), visit.w("account.field.code.wrong"));
  await prove(code(secret, 1));
  await page.waitForURL("**/home");

  // A recovery code is good once.
  await visit.alive();
  await signOut();
  await password();
  await prove(codes[0]);
  await page.waitForURL("**/home");
  await visit.go("/settings/security");
  await shows(factor, visit.w("account.factor.codes_left", { n: codes.length - 1 }));
  await signOut();
  await password();
  await prove(codes[0]);
  await shows(page.locator("main"), visit.w("account.field.code.wrong"));
  await prove(codes[1]);
  await page.waitForURL("**/home");
});
