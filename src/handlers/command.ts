import type { Nodes } from "mdast";
import type { Refusal, Wish } from "../orchestrator/domain/trigger.ts";
import { parseMarkdown, spanOf } from "../text/markdown.ts";

/** What a new comment asks for. `none` is everything that is not addressed to us. */
export type ParsedComment =
  | { readonly kind: "none" }
  | { readonly kind: "command"; readonly wish: Wish; readonly guidance: string; readonly where: Where }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** Where a command works: on an issue, on a pull request of ours, or on both. */
export type Where = "issue" | "pull request" | "both";

/** What a command's arguments may refer to. */
export interface Surroundings {
  /** Id of the review comment whose thread the command stands in. */
  readonly replyTo?: number | undefined;
}

/** One verb. The help text is made of `usage` and `meaning`. */
export interface Command {
  readonly verb: Wish["verb"];
  readonly usage: string;
  readonly meaning: string;
  readonly where: Where;
  /** The wish, or what is wrong with the arguments. */
  readonly read: (args: readonly string[], around: Surroundings) => Wish | { readonly wrong: string };
}

/** Every command there is (product.md §1). A new verb is a new row. */
export const commands: readonly Command[] = [
  {
    verb: "run",
    usage: "/agent run [profile]",
    meaning: "start an agent on this issue; the comment's other lines are guidance for it",
    where: "issue",
    read: optionalName("profile", (profile) => (profile ? { verb: "run", profile } : { verb: "run" })),
  },
  {
    verb: "fix-review",
    usage: "/agent fix-review",
    meaning: "a round over all feedback that waits, now; the comment's other lines are guidance for it",
    where: "pull request",
    read: nothing({ verb: "fix-review" }),
  },
  {
    verb: "include",
    usage: "/agent include [link to a comment]",
    meaning: "let an outsider's comment into the next round: by its link, or as an answer in its thread",
    where: "pull request",
    read: (args, around) => readInclude(args, around),
  },
  {
    verb: "pause",
    usage: "/agent pause",
    meaning: "no automatic rounds on this pull request until somebody resumes them",
    where: "both",
    read: nothing({ verb: "pause" }),
  },
  {
    verb: "resume",
    usage: "/agent resume",
    meaning: "go on with automatic rounds",
    where: "both",
    read: nothing({ verb: "resume" }),
  },
  {
    verb: "stop",
    usage: "/agent stop",
    meaning: "stop the run now and keep what was pushed",
    where: "both",
    read: nothing({ verb: "stop" }),
  },
  {
    verb: "status",
    usage: "/agent status",
    meaning: "refresh the status comment",
    where: "both",
    read: nothing({ verb: "status" }),
  },
  {
    verb: "help",
    usage: "/agent help",
    meaning: "list these commands",
    where: "both",
    read: nothing({ verb: "help" }),
  },
];

const none: ParsedComment = { kind: "none" };
const dressing: ReadonlySet<Nodes["type"]> = new Set(["blockquote", "list", "listItem", "heading"]);
/** More than this is never needed to tell what kind of block the first line stands in. */
const headLength = 4096;

/**
 * Reads a comment's command: its first line, from column 0, outside quotes, code, headings, lists, tables and HTML
 * (security.md T08). The Markdown is parsed; never throws, whatever the text.
 */
export function parseComment(body: string, around: Surroundings = {}): ParsedComment {
  const text = body.replaceAll(/\r\n?/g, "\n");
  const head = firstBlock(text);
  if (!head.includes("/agent")) return none;
  const block = parseMarkdown(head).children[0];
  if (!block) return none;
  const [firstLine = ""] = text.split("\n", 1);
  if (block.type === "paragraph" && startsWithText(block)) {
    return readLine(firstLine, text.slice(firstLine.length + 1).trim(), around);
  }
  return isDressedCommand(block) ? { kind: "refused", refusal: { kind: "quoted_command" } } : none;
}

/** Up to the first empty line: what follows it cannot change what the first line is. */
function firstBlock(text: string): string {
  const end = text.slice(0, headLength).search(/\n[ \t]*\n/);
  const head = text.slice(0, end === -1 ? headLength : end);
  return head.replace(/^((?:[ \t]*(?:>|[-+*]|\d{1,9}[.)])){8}).*/s, "$1");
}

function startsWithText(block: Nodes & { readonly type: "paragraph" }): boolean {
  const first = block.children[0];
  return first?.type === "text" && spanOf(first).start === 0;
}

function readLine(line: string, guidance: string, around: Surroundings): ParsedComment {
  const words = /^\/agent(?:[ \t]+(.*))?$/.exec(line.trimEnd());
  if (!words) return none;
  const [verb = "", ...args] = (words[1] ?? "").split(/[ \t]+/).filter((word) => word !== "");
  const command = commands.find((candidate) => candidate.verb === verb);
  if (!command) return { kind: "refused", refusal: { kind: "unknown_command", word: [...verb].slice(0, 40).join("") } };
  const wish = command.read(args, around);
  return "wrong" in wish
    ? { kind: "refused", refusal: { kind: "bad_argument", usage: command.usage, detail: wish.wrong } }
    : { kind: "command", wish, guidance, where: command.where };
}

/** Whether a quote, list, heading or piece of code begins with what would have been a command. */
function isDressedCommand(block: Nodes): boolean {
  let node: Nodes | undefined = block;
  while (node && dressing.has(node.type) && "children" in node) node = node.children[0];
  if (node?.type === "paragraph") node = node.children[0];
  const isBare = node?.type === "text" && block.type === "paragraph";
  if (isBare || (node?.type !== "text" && node?.type !== "code" && node?.type !== "inlineCode")) return false;
  const [line = ""] = node.value.split("\n", 1);
  return readLine(line, "", {}).kind === "command";
}

function nothing(wish: Wish): Command["read"] {
  return (args) => (args.length === 0 ? wish : { wrong: `${wish.verb} takes no argument.` });
}

/** GitHub's own anchors of the three places where feedback is written. */
const anchors = [
  [/#discussion_r(\d{1,16})$/, "thread"],
  [/#issuecomment-(\d{1,16})$/, "comment"],
  [/#pullrequestreview-(\d{1,16})$/, "review_body"],
] as const;

function readInclude([link, ...more]: readonly string[], { replyTo }: Surroundings): ReturnType<Command["read"]> {
  if (more.length > 0) return { wrong: "One link at a time." };
  if (link === undefined) {
    return replyTo === undefined
      ? { wrong: "Which comment? Give its link, or answer in its thread." }
      : { verb: "include", entry: `thread/${replyTo}` };
  }
  for (const [anchor, surface] of anchors) {
    const id = anchor.exec(link)?.[1];
    if (id !== undefined) return { verb: "include", entry: `${surface}/${id}` };
  }
  return { wrong: "That is not the link of a comment: copy it from the comment's own menu." };
}

function optionalName(name: string, make: (value: string | undefined) => Wish): Command["read"] {
  return ([value, ...more]) => {
    if (more.length > 0) return { wrong: `At most one ${name}; guidance goes on the lines below.` };
    if (value !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)) {
      return { wrong: `A ${name} is a name of letters, digits, dots and dashes.` };
    }
    return make(value);
  };
}
