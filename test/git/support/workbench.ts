import { mkdtempSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGit, type Git } from "../../../src/git/index.ts";
import { type GitServer, startGitServer } from "./git-server.ts";
import { type Files, git, writeCommit, writeFiles } from "./plain-git.ts";

/** One repository on a server, Baton's git folder with its data directory, and an agent's repository to work in. */
export interface Workbench {
  readonly dir: string;
  readonly dataDir: string;
  readonly server: GitServer;
  readonly baton: Git;
  readonly repositoryId: number;
  /** The server's bare repository. */
  readonly remote: string;
  readonly url: string;
  /** Where the "agent" makes its objects. */
  readonly agent: string;
  /** The files on `main` when the workbench was made. */
  readonly files: Files;
  readonly baseSha: string;
  readonly at: { readonly url: string; readonly token: string };
  /** A commit on the server, on a branch. */
  pushes(branch: string, files: Files, parents?: readonly string[]): Promise<string>;
  /** A commit of the agent that changes these paths (undefined removes one), with its bundle. */
  work(changes: Readonly<Record<string, Files[string] | undefined>>): Promise<Work>;
  /** A bundle of a commit that exists in the agent's repository. */
  bundle(tip: string): Promise<Work>;
  close(): Promise<void>;
}

export interface Work {
  readonly tip: string;
  readonly bundle: string;
}

export const startFiles: Files = {
  "README.md": "# Sample\n",
  "src/greet.ts": 'export const greet = () => "hello";\n',
  "src/other.ts": "export const other = 1;\n",
  ".github/workflows/ci.yml": "on: push\n",
  "package.json": "{}\n",
};

/** @param files - what `main` starts with */
export async function workbench(files: Files = startFiles): Promise<Workbench> {
  const dir = mkdtempSync(join(tmpdir(), "baton-git-"));
  const [root, dataDir, agent] = [join(dir, "server"), join(dir, "data"), join(dir, "agent.git")];
  await mkdir(dataDir, { recursive: true });
  const remote = join(root, "sample", "alias-filter.clean.git");
  for (const path of [remote, agent]) {
    await mkdir(path, { recursive: true });
    await git(path, ["init", "-q", "--bare", "-b", "main"]);
  }
  await git(remote, ["config", "http.receivepack", "true"]);
  const server = await startGitServer(root);
  const url = server.url("sample/alias-filter.clean.git");
  const baseSha = await place(remote, "main", files, []);
  await git(agent, ["config", "uploadpack.allowAnySHA1InWant", "true"]);
  await git(agent, ["fetch", "-q", remote, "+refs/heads/main:refs/heads/main"]);
  let count = 0;
  const bundle = async (tip: string): Promise<Work> => {
    const path = join(dir, `${count++}.bundle`);
    await git(agent, ["update-ref", "refs/exported/work", tip]);
    await git(agent, ["bundle", "create", "-q", path, "refs/exported/work", "^main"]);
    return { tip, bundle: path };
  };
  return {
    dir,
    dataDir,
    server,
    remote,
    url,
    agent,
    files,
    baseSha,
    bundle,
    baton: createGit({ dataDir }),
    repositoryId: 5_000_000_001,
    at: { url, token: server.token },
    pushes: (branch, now, parents = []) => place(remote, branch, now, parents),
    work(changes) {
      const now = Object.entries({ ...files, ...changes }).filter(([, node]) => node !== undefined);
      return bundle(writeCommit(agent, writeFiles(agent, Object.fromEntries(now) as Files), [baseSha]));
    },
    async close() {
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function place(gitDir: string, branch: string, files: Files, parents: readonly string[]): Promise<string> {
  const sha = writeCommit(gitDir, writeFiles(gitDir, files), parents);
  await git(gitDir, ["update-ref", `refs/heads/${branch}`, sha]);
  return sha;
}
