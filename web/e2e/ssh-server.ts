/** A real sshd for one test, where the machine has one. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PYTHON, TESTS } from "./python";

const SERVES = `
import json, pathlib, sys, tempfile
from stillroom_core.environments.host_keys import fingerprints
from stillroom_testing.ssh_server import SSHD, serving_ssh

if SSHD is None:
    print("null", flush=True)
else:
    with tempfile.TemporaryDirectory() as folder, serving_ssh(pathlib.Path(folder) / "sshd") as server:
        told = {"port": server.port, "user": server.user, "hostKey": server.host_key, "privateKey": server.private_key}
        told["authorizedKeys"] = str(pathlib.Path(folder) / "sshd" / "authorized_keys")
        print(json.dumps({**told, "fingerprint": fingerprints(server.host_key)[0]}), flush=True)
        sys.stdin.read()
`;

export interface SshServer {
  port: number;
  user: string;
  hostKey: string;
  fingerprint: string;
  privateKey: string;
  /** Where the public keys of those stand who are let in. */
  authorizedKeys: string;
}

/** Calls `during` while it serves; false where there is no sshd. */
export async function withSshServer(during: (server: SshServer) => Promise<void>): Promise<boolean> {
  const process_ = spawn(PYTHON, ["-c", SERVES], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, PYTHONPATH: TESTS } });
  const ended = new Promise((resolve) => process_.once("exit", resolve));
  try {
    for await (const line of createInterface(process_.stdout)) {
      const server = JSON.parse(line) as SshServer | null;
      if (server) await during(server);
      return server !== null;
    }
    throw new Error("sshd did not begin");
  } finally {
    process_.stdin.end();
    await ended;
  }
}
