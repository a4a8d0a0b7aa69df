// A Punchcard of its own for each test file: the real binary, on a free port,
// in an empty folder, gone with the test.
import { spawn } from "node:child_process";
import { webcrypto } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

globalThis.crypto ??= webcrypto; // Node.js 18

/**
 * @param {...string} flags of punchcard serve
 * @returns {Promise<{issuer: string, stop: () => Promise<void>}>}
 */
export async function punchcard(...flags) {
  const binary = resolve(process.env.PUNCHCARD ?? "../../punchcard");
  const folder = await mkdtemp(join(tmpdir(), "punchcard-"));
  const server = spawn(binary, ["serve", "--addr", "127.0.0.1:0", ...flags], { cwd: folder, stdio: ["ignore", "inherit", "pipe"] });
  const ended = new Promise((done) => server.once("exit", done));
  const said = [];
  for await (const line of createInterface({ input: server.stderr })) {
    said.push(line);
    let record = {};
    try {
      record = JSON.parse(line);
    } catch {} // a plain line is an error message, shown below
    if (record.msg === "ready") {
      server.stderr.resume();
      return {
        issuer: record.issuer,
        async stop() {
          server.kill("SIGTERM");
          await ended;
          await rm(folder, { recursive: true, force: true });
        },
      };
    }
  }
  throw new Error(`${binary} did not start:\n${said.join("\n")}`);
}
