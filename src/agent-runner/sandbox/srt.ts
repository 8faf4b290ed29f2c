import { SandboxManager, type SandboxRuntimeConfig } from "@anthropic-ai/sandbox-runtime";
import { blockedHostIn, privateRanges } from "./network.ts";
import { builderIn, relayIn, type SandboxCommand } from "./protocol.ts";
import { systemReads } from "./reads.ts";

/** Turns a command into a shell line that runs it isolated, and tells which connections were refused. */
export interface Isolation {
  readonly wrap: (command: SandboxCommand, launcher: string) => Promise<string>;
  readonly takeBlockedHosts: () => readonly string[];
}

const mostBlockedHosts = 50;

/**
 * sandbox-runtime as our isolation. Its manager is a singleton, hence one supervisor process per run. Must be started
 * from an empty directory: it protects (and first searches) the directory it stands in. `ownDir` holds its sockets.
 */
export async function openSrt(ownDir: string): Promise<Isolation> {
  await SandboxManager.initialize(configOf({ network: [], read: [], write: [], denyWrite: [] }, ownDir));
  const store = SandboxManager.getSandboxViolationStore();
  return {
    wrap: async (command, launcher) => {
      SandboxManager.updateConfig(configOf(command, ownDir));
      return SandboxManager.wrapWithSandbox(launcher, "/bin/sh");
    },
    takeBlockedHosts: () => {
      const hosts = store.getViolations().map((violation) => blockedHostIn(violation.line));
      store.clear();
      return [...new Set(hosts.filter((host) => host !== undefined))].sort().slice(0, mostBlockedHosts);
    },
  };
}

type Reach = Pick<SandboxCommand, "network" | "read" | "write" | "denyWrite">;

function configOf(reach: Reach, ownDir: string): SandboxRuntimeConfig {
  return {
    network: {
      allowedDomains: [...reach.network],
      deniedDomains: [],
      strictAllowlist: true,
      deniedResolvedAddresses: [...privateRanges],
      // Its filter refuses every AF_UNIX socket, which breaks tools that only talk to themselves. Host sockets are out
      // of reach anyway: none of their directories is visible.
      allowAllUnixSockets: true,
    },
    filesystem: {
      // Denying "/" hides each directory below it, except "/sys".
      denyRead: ["/", "/sys"],
      allowRead: [...systemReads(), ...reach.read, ownDir].map(literal),
      allowWrite: reach.write.map(literal),
      denyWrite: reach.denyWrite.map(literal),
    },
    socatPath: relayIn(ownDir),
    bwrapPath: builderIn(ownDir),
    // sandbox-runtime lets every sandbox on the machine read and write this directory, denied or not. Only what it takes
    // for a credential does not come back.
    credentials: { files: [{ path: "/tmp/claude", mode: "deny" }] },
  };
}

/** Names with brackets or stars are names, not patterns. */
function literal(path: string) {
  return { path, literal: true as const };
}
