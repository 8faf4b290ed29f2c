import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { throughTheGate } from "../gate.ts";
import { carelessly } from "../plain-git.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { withYard, type Yard } from "../yard.ts";

/** What a host does that runs git where the agent could write; each line is what many orchestrators do. */
const careless: Readonly<Record<string, string>> = {
  status: "git status",
  add: "git add -A",
  commit: "git commit -m work",
  diff: "git diff HEAD~1; git log -p -2",
  checkout: "git stash; git checkout -f -B other HEAD; git checkout -f -; rm -f *.txt; git checkout -f .",
  push: 'git push "$PWD/../push.git" HEAD:refs/heads/x',
  sign: "git commit --allow-empty -S -m signed",
  edit: "git commit --allow-empty",
  credential: "printf 'protocol=https\\nhost=x\\n\\n' | git credential fill",
  ssh: "git fetch ssh://host.invalid/x",
  fetch: "git fetch origin",
  merge:
    "git checkout -f -B left $(git rev-list --max-parents=0 HEAD); echo left >> merge-driver.txt; git commit -am left; git merge -m m -",
};

const vectors: readonly (Vector & { readonly carelessHost: string })[] = [
  ...hooks(
    "pre-commit",
    "post-commit",
    "commit-msg",
    "post-index-change",
    "reference-transaction",
    "post-checkout",
    "pre-push",
  ),
  vector("fsmonitor", "status", "a file monitor in the clone's configuration"),
  vector("filter-clean", "add", "a clean filter for a file in the tree"),
  vector("filter-smudge", "checkout", "a smudge filter"),
  vector("textconv", "diff", "a text converter for diffs"),
  vector("external-diff", "diff", "a diff program"),
  vector("merge-driver", "merge", "a merge driver"),
  vector("gpg-program", "sign", "a signing program"),
  vector("editor", "edit", "an editor for commit messages"),
  vector("credential-helper", "credential", "a helper that is asked for credentials"),
  vector("ssh-command", "ssh", "a program in the place of ssh"),
  vector("remote-helper", "fetch", "a remote whose address is a command"),
  vector("config-include", "add", "configuration included from a file of its own"),
  vector("config-worktree", "add", "configuration of the worktree"),
  vector("home-gitconfig", "commit with the run's home", "configuration in the home it was given"),
  vector("nested-repository", "status", "a repository within the tree with a monitor of its own"),
];
/** These break what the others need. */
const alone = [
  vector("filter-process", "add", "a filter that stays as a process"),
  vector("swapped-git-file", "status", "`.git` swapped for a file that leads elsewhere"),
  vector("commondir", "status", "`.git/commondir` that leads elsewhere"),
];

/** Programs in git's own files: nothing of the host may run one, neither when the work is taken out nor later (T23). */
export const gitMetadataTrial: Trial = {
  name: "git metadata",
  vectors: [...vectors, ...alone],
  async play(driver: Driver): Promise<Findings> {
    const groups = [vectors, ...alone.map((one) => [one])];
    const findings = await Promise.all(groups.map((group) => playGroup(driver, group)));
    return Object.assign({}, ...findings);
  },
};

function playGroup(driver: Driver, group: readonly Vector[]): Promise<Findings> {
  return withYard(driver, async (yard) => {
    const marks = join(yard.dir, "marks");
    mkdirSync(marks, { mode: 0o777 });
    const exporter = join(yard.root, "export");
    const names = group.map(({ name }) => name);
    const ran = await yard.run({ attempts: names, targets: { marks, exporter } });
    const gate = driver === "srt" ? await throughTheGate(yard, ran.outcome) : undefined;
    // Nothing was taken out: then nothing had a reason to run what was planted.
    const isTaken = driver === "none" || group.length === 1 || gate?.startsWith("gate: ");
    if (driver === "none") await beCareless(yard);
    return Object.fromEntries(
      names.map((name): [string, Finding] => {
        if (!ran.tried(name) || !isTaken)
          return [name, { kind: "untried", how: JSON.stringify([gate, ran.outcome]).slice(0, 300) }];
        const executed = existsSync(join(marks, name)) || existsSync(join(exporter, `executed-${name}`));
        return [name, finding(executed, executed ? "it was executed" : `not executed; ${gate ?? ran.outcome.kind}`)];
      }),
    );
  });
}

async function beCareless(yard: Yard): Promise<void> {
  await carelessly(yard.dir, `git init --quiet --bare ${yard.root}/push.git`);
  const { edit, sign, merge, ...plain } = careless;
  for (const line of Object.values(plain)) await carelessly(yard.repo, line);
  await carelessly(yard.repo, "echo more > more.txt; git add more.txt; git commit -m more", {
    GIT_CONFIG_GLOBAL: join(yard.root, "home/.gitconfig"),
  });
  for (const line of [merge, sign, edit]) await carelessly(yard.repo, line ?? "");
}

function vector(name: string, what: string, after: string) {
  return { name, threat: "T23", what: after, carelessHost: careless[what] ?? what };
}

function hooks(...names: readonly string[]) {
  return names.map((name) => vector(`hook-${name}`, "commit, checkout, push", `the hook ${name}`));
}
