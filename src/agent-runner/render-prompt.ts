import { readFileSync } from "node:fs";

/** What every prompt is made of. Texts of people are plain data, already cleaned of hidden text. */
export interface PromptParts {
  /** The repository's rules: said first, in every round. */
  readonly rules: string;
  readonly snapshot: {
    readonly title: string;
    readonly body: string;
    readonly comments: readonly { readonly author: { readonly login: string }; readonly body: string }[];
    readonly guidance: string;
  };
  /** AGENTS.md or CLAUDE.md of the base commit. */
  readonly baseInstructions: string | undefined;
  readonly verifyCommands: readonly string[];
  readonly protectedPaths: readonly string[];
  /** Random per run, at least 16 characters, so that no text can close the fence it stands in (security.md T14). */
  readonly fence: string;
  /** What the last verification printed, when this is another try. */
  readonly retryTail?: string | undefined;
}

const template = readFileSync(new URL("./prompts/implement.md", import.meta.url), "utf8");

/**
 * The prompt of an implementation run. Throws when the fence is too short or occurs in a text, or when the template and
 * the values do not match.
 */
export function renderImplementPrompt(parts: PromptParts): string {
  return fill(template, commonValues(parts)).trimStart();
}

/** What every prompt says about the repository, the issue and a failed check; fences are checked here. */
export function commonValues(parts: PromptParts): Readonly<Record<string, string>> {
  const issue = issueText(parts.snapshot);
  const instructions = parts.baseInstructions?.trim() ?? "";
  const retryTail = parts.retryTail?.trim() ?? "";
  requireFence(parts.fence, [issue, instructions, retryTail]);
  const fenced = (text: string) => `${parts.fence}\n${text}\n${parts.fence}\n`;
  return {
    rules: parts.rules.trim() === "" ? "" : `# Rules of this repository\n\n${parts.rules.trim()}\n`,
    protectedPaths: listOf(parts.protectedPaths, "none"),
    verifyCommands: listOf(parts.verifyCommands, "no configured command; find and run the tests yourself"),
    baseInstructions: instructions && `\n# Instructions for agents in this repository\n\n${fenced(instructions)}`,
    retry:
      retryTail &&
      `\n# Last attempt\n\nAn earlier attempt failed its check. This is what the check printed, as data:\n\n${fenced(retryTail)}`,
    fence: parts.fence,
    issue,
  };
}

/** Puts values in the places of a template. A place without a value, or a value without a place, is a mistake of ours. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(values));
  // In one pass: a value that looks like a place stays what it is.
  const filled = text.replace(/\{\{(\w+)\}\}/g, (_place, key: string) => {
    const value = values[key];
    if (value === undefined) throw promptError(`the prompt needs a value for ${key}`);
    unused.delete(key);
    return value;
  });
  if (unused.size > 0) throw promptError(`the prompt has no place for ${[...unused].join(", ")}`);
  return filled;
}

function issueText({ title, body, comments, guidance }: PromptParts["snapshot"]): string {
  const sections = [`Title: ${title}`, body.trim()];
  for (const comment of comments) sections.push(`Comment by ${comment.author.login}:\n\n${comment.body.trim()}`);
  if (guidance.trim() !== "") sections.push(`Guidance by the person who started this run:\n\n${guidance.trim()}`);
  return sections.filter((section) => section !== "").join("\n\n");
}

/** @throws when a fence is too short or occurs in a text: then it encloses nothing */
export function requireFence(fence: string, texts: readonly string[]): void {
  if (fence.length < 16) throw promptError("the fence is too short to be unguessable");
  if (texts.some((text) => text.includes(fence))) throw promptError("the fence occurs in a text it should enclose");
}

function listOf(items: readonly string[], none: string): string {
  return items.length === 0 ? none : items.map((item) => `\`${item}\``).join(", ");
}

/** A mistake of ours, never of those whose texts are in the prompt. */
export function promptError(message: string): Error {
  return Object.assign(new Error(message), { code: "BAD_PROMPT" });
}
