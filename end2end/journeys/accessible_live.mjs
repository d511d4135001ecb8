// A live call, its dialogs, the menus and the phone under axe-core: nothing found.
import { examine, nothing } from "../axe.mjs";
import { answered, journey, org, simulate, until } from "../kit.mjs";

journey("axe finds nothing in a live call, its dialogs and menus, and on a phone", { as: () => org(1) }, async (visit, enter) => {
  const { page } = visit;
  const found = [];
  await visit.go("/live");
  const dialog = page.locator("dialog[open]");
  const open = async (what, press) => {
    await press();
    await dialog.waitFor();
    await page.waitForTimeout(150);
    await examine(visit, what, found);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" }).catch(() => dialog.waitFor({ state: "hidden" }));
  };
  const head = page.locator(".board-head");
  await open("the dialog that simulates", async () => {
    await head.getByRole("button", { name: visit.w("calls.simulate") }).click();
    await page.locator("input[name=ending]").first().waitFor({ state: "attached" });
  });
  await open("the dialog that calls", async () => {
    await head.getByRole("button", { name: visit.w("calls.call"), exact: true }).click();
    await page.locator("input[name=number]").waitFor();
  });
  await open("the palette", () => page.keyboard.press("Control+k"));
  await open("the help", () => page.keyboard.press("?"));
  await page.locator("button[popovertarget=user-menu]").click();
  await page.locator("#user-menu").waitFor();
  await examine(visit, "the menu", found);
  await page.keyboard.press("Escape");

  await simulate(visit, "09");
  await answered(visit);
  await until("a conversation", () => page.locator(".script li.line").count().then((count) => count > 3), { within: 20_000 });
  await examine(visit, "a live call", found);
  await open("the dialog that transfers", () => page.keyboard.press("t"));
  const at = visit.path();

  const phone = await enter({ phone: true });
  await phone.signIn(org(1));
  for (const path of ["/home", "/live", at, "/calls", "/assistants"]) {
    await phone.go(path);
    await phone.page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
    await examine(phone, `${path} on a phone`, found);
  }
  await phone.page.locator("button[popovertarget=more-menu]").tap();
  await phone.page.locator("#more-menu").waitFor();
  await examine(phone, "the menu of a phone", found);

  await page.keyboard.press("Shift+H");
  await page.keyboard.press("Enter");
  await until("the end", () => page.locator(".call-over").isVisible());
  await examine(visit, "a call that has just ended", found);
  nothing(found);
});
