// Further server processes, for what one process cannot show: a crash, and two that work together. `run` ends whatever is left of them.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { until } from "./kit.mjs";

const { JOURNEY_WORK: WORK, JOURNEY_RESULTS: RESULTS, JOURNEY_SERVER: SERVER } = process.env;

/** As many free ports as asked for. */
export async function ports(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
  })));
  const found = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return found;
}

/** A server process; what `settings` leaves out is as in the first one. */
export class House {
  constructor(name, settings, roles = "web,worker") {
    Object.assign(this, { name, settings, roles, base: `http://${settings.BIND}` });
  }

  async start({ ready = true } = {}) {
    this.child = spawn(SERVER, ["serve", "--roles", this.roles], { env: { ...process.env, ...this.settings }, stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(join(RESULTS, `${this.name}.log`), { flags: "a" });
    this.child.stdout.pipe(log, { end: false });
    this.child.stderr.pipe(log, { end: false });
    mkdirSync(join(WORK, "pids"), { recursive: true });
    this.note = join(WORK, "pids", `${this.name}-${this.child.pid}`);
    writeFileSync(this.note, String(this.child.pid));
    this.gone = new Promise((gone) => this.child.once("exit", gone));
    if (ready) await until(`${this.name} is ready`, async () => (await fetch(`${this.base}/readyz`)).ok, { within: 30_000, every: 100 });
    return this;
  }

  /** As the power cut does it: nothing is said goodbye to. */
  async kill() {
    if (!this.child) return;
    this.child.kill("SIGKILL");
    await this.gone;
    rmSync(this.note, { force: true });
    this.child = undefined;
  }
}
