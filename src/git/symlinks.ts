import { mustGit } from "./call-git.ts";
import { readObjects } from "./read-objects.ts";
import { checkedOutAs } from "./suspicious-names.ts";
import type { Finding } from "./tree-policy.ts";
import { type Change, modes } from "./tree-walk.ts";

const maxTargetBytes = 4096;

/**
 * Judges new and changed symlinks (T26): none may lead out of the tree or into git's own directory, neither by its
 * text nor through other links.
 */
export async function judgeSymlinks(
  gitDir: string,
  tip: string,
  changes: readonly Change[],
): Promise<readonly Finding[]> {
  const links = changes.filter((change) => change.after?.mode === modes.symlink);
  if (links.length === 0) return [];
  const targets = await readObjects(gitDir, [...new Set(links.map(({ after }) => after?.sha ?? ""))], 16 * 1024 * 1024);
  if (!targets) return [{ path: links[0]?.path ?? "", says: "is a symlink with a target that is too long" }];
  const findings: Finding[] = [];
  for (const { path, after } of links) {
    const body = targets.get(after?.sha ?? "")?.body ?? Buffer.alloc(0);
    const says = targetProblem(path, body) ?? (await followed(gitDir, tip, path));
    if (says) findings.push({ path, says });
  }
  return findings;
}

/**
 * Judges a symlink by its text. `..` is allowed at the start only: after a name it may go up from wherever another link
 * leads, which the text does not tell.
 * @param path - where the link is in the tree
 * @param body - its target, as stored
 */
export function targetProblem(path: string, body: Buffer): string | undefined {
  const target = body.toString("utf8");
  if (target === "" || body.length > maxTargetBytes || !Buffer.from(target).equals(body) || /\p{Cc}/u.test(target)) {
    return "is a symlink with an unreadable target";
  }
  if (/^[/\\]|^[A-Za-z]:/.test(target)) return "is a symlink to an absolute path";
  const parts = target.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  const ups = parts.findIndex((part) => part !== "..");
  const down = ups < 0 ? [] : parts.slice(ups);
  const depth = path.split("/").length - 1;
  if ((ups < 0 ? parts.length : ups) > depth) return "is a symlink out of the repository";
  if (down.includes("..")) return "is a symlink that goes up again after a name";
  if (down.some((part) => /^(?:\.git|git~\d+)$/.test(checkedOutAs(part))))
    return "is a symlink into git's own directory";
  return undefined;
}

/** Lets git itself follow the link inside the tree, through all others. */
async function followed(gitDir: string, tip: string, path: string): Promise<string | undefined> {
  // Such a name is refused anyway, and would break the line-based question.
  if (/\p{Cc}/u.test(path)) return undefined;
  const output = await mustGit({
    gitDir,
    args: ["cat-file", "--batch-check", "--follow-symlinks"],
    input: `${tip}:${path}\n`,
  });
  const [word] = output.toString("utf8").split(" ");
  if (word === "symlink") return "is a symlink that leads out of the repository through another one";
  if (word === "loop") return "is a symlink in a circle";
  return undefined;
}
