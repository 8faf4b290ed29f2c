import type { Nodes } from "mdast";
import { fencedBlock } from "./code-block.ts";
import { parseMarkdown, sourceOf, spanOf } from "./markdown.ts";

const notice = "_(truncated: the text was longer than a comment may be)_";

/** At most `max` code points, never half a character; the last one is an ellipsis when something was cut. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const points = [...text];
  return points.length <= max
    ? text
    : `${points
        .slice(0, Math.max(0, max - 1))
        .join("")
        .trimEnd()}…`;
}

/**
 * Cuts Markdown at the end of a block so that at most `limit` code points remain, and says so. The block that does
 * not fit any more is shown as far as it goes as code: half a link or code span could come alive. An open fence is
 * closed, cut or not.
 */
export function cutMarkdown(
  text: string,
  { limit, alreadyCut }: { readonly limit: number; readonly alreadyCut: "yes" | "no" },
): string {
  const blocks = parseMarkdown(text).children;
  const balanced = balanceFence(text, blocks.at(-1));
  if (length(balanced) <= limit && alreadyCut === "no") return balanced;
  const room = limit - length(notice) - 4;
  const kept: string[] = [];
  let used = 0;
  let end = 0;
  for (const block of blocks) {
    const span = spanOf(block);
    const piece = text.slice(end, span.end);
    const size = length(piece);
    if (used + size > room) {
      kept.push(`\n\n${cutBlock(block, text, room - used - 4)}`);
      break;
    }
    kept.push(piece);
    used += size;
    end = span.end;
  }
  return `${balanceFence(kept.join("").trim(), parseMarkdown(kept.join("").trim()).children.at(-1))}\n\n${notice}`;
}

/** A text as one code block of at most `limit` code points, with a notice when it was cut. */
export function cutCode(text: string, limit: number): string {
  const whole = fencedBlock(text);
  return length(whole) <= limit ? whole : `${codeUpTo(text, limit - length(notice) - 2)}\n\n${notice}`;
}

/** The beginning of a block as code. */
function cutBlock(block: Nodes, source: string, room: number): string {
  return codeUpTo(block.type === "code" ? block.value : sourceOf(source, block), room);
}

function codeUpTo(text: string, room: number): string {
  const overhead = length(fencedBlock(text)) - length(text);
  return room <= overhead + 1 ? "" : fencedBlock(cutText(text, room - overhead));
}

function balanceFence(text: string, last: Nodes | undefined): string {
  if (last?.type !== "code") return text;
  const lines = sourceOf(text, last).split("\n");
  const fence = /^(`{3,}|~{3,})/.exec(lines[0] ?? "")?.[1];
  if (!fence) return text;
  const closing = lines.length > 1 ? /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(lines.at(-1) ?? "")?.[1] : undefined;
  return closing?.startsWith(fence) ? text : `${text}\n${fence}`;
}

function length(text: string): number {
  return [...text].length;
}
