import type { Stage } from "./stage.ts";

/** Prints what people see in GitHub as it happens, each line with the time since the label. */
export interface Narrator {
  say(line: string): void;
  /** Prints what is new since the last look. */
  look(stage: Stage, issue: number): void;
}

type Comment = ReturnType<Stage["github"]["conversation"]>[number];

/** A narrator for people. Its clock starts with the first thing it says. */
export function createNarrator(write: (text: string) => void): Narrator {
  let start: number | undefined;
  const seen = new Map<string, string>();
  const say = (line: string): void => {
    start ??= Date.now();
    write(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  };
  const once = (key: string, value: string, line: string): void => {
    if (seen.get(key) === value) return;
    seen.set(key, value);
    say(line);
  };
  return {
    say,
    look(stage, issue) {
      for (const [index, comment] of stage.github.conversation(stage.repository, issue).entries())
        tell(comment, index, once);
      for (const pull of stage.github.pullRequests(stage.repository)) {
        once(`pull-${pull.number}`, pull.headSha, `🔀 baton opened pull request #${pull.number}: ${pull.title}`);
        for (const check of stage.github.checks(stage.repository, pull.headSha)) {
          once(
            `check-${check.name}`,
            String(check.conclusion),
            `☑  check ${check.name}: ${check.conclusion ?? check.status}`,
          );
        }
      }
    },
  };
}

/** A narrator for machines keeps quiet. */
export const silentNarrator: Narrator = { say: () => {}, look: () => {} };

function tell(comment: Comment, index: number, once: (key: string, value: string, line: string) => void): void {
  const words = firstLine(comment.body);
  once(`comment-${index}`, words, `💬 ${comment.author} ${seenBefore(index, comment) ? "edits" : "writes"}: ${words}`);
  for (const [content, people] of Object.entries(comment.reactions)) {
    once(`reaction-${index}-${content}`, people.join(), `👀 ${people.join(", ")} sees it`);
  }
}

function seenBefore(index: number, comment: Comment): boolean {
  return comment.edited && index >= 0;
}

function firstLine(body: string): string {
  const text = body.replaceAll(/<!--.*?-->/gs, "").trim();
  return (text.split("\n", 1)[0] ?? "").replace(/^#+\s*/, "").slice(0, 140);
}
