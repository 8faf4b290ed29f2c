import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

const longestLine = 8 * 1024;
const tailSize = 64 * 1024;
const shownSize = 4 * 1024 * 1024;
/** A command that prints more than this is ended: nobody reads it, and it costs the host. */
export const outputCap = 64 * 1024 * 1024;

/**
 * Collects what a hostile command prints, at bounded cost: lines for the listener (the first 4 MiB), a tail for people,
 * and the byte count for the watch. Terminal sequences and control characters are dropped.
 */
export function collectOutput(onLines: (lines: readonly string[]) => void) {
  let total = 0;
  let shown = 0;
  const tail = keepTail();
  let batch: string[] = [];

  const flush = () => {
    if (batch.length > 0) onLines(batch);
    batch = [];
  };
  const accept = (raw: string) => {
    const line = cleanLine(raw);
    tail.add(line);
    if (shown > shownSize) return;
    shown += line.length + 1;
    batch.push(shown > shownSize ? "[more output is not shown]" : line);
    if (batch.length >= 1000) flush();
  };
  const stream = () => {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    return {
      push: (chunk: Buffer) => {
        total += chunk.length;
        const lines = (rest + decoder.write(chunk)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) accept(line);
        while (rest.length > longestLine) {
          accept(rest.slice(0, longestLine));
          rest = rest.slice(longestLine);
        }
      },
      end: () => {
        rest += decoder.end();
        if (rest !== "") accept(rest);
        rest = "";
      },
    };
  };
  return { stream, flush, total: () => total, tail: tail.text };
}

export type Output = ReturnType<typeof collectOutput>;

/** The last lines, without copying what is already there for each new one. */
function keepTail() {
  const lines: string[] = [];
  let from = 0;
  let size = 0;
  const drop = () => {
    size -= (lines[from]?.length ?? 0) + 1;
    from++;
    if (from < 10_000) return;
    lines.splice(0, from);
    from = 0;
  };
  return {
    add: (line: string) => {
      lines.push(line);
      size += line.length + 1;
      while (size - (lines[from]?.length ?? 0) - 1 > tailSize) drop();
    },
    text: () =>
      lines
        .slice(from)
        .map((line) => `${line}\n`)
        .join("")
        .slice(-tailSize),
  };
}

function cleanLine(raw: string): string {
  const cut = raw.length > longestLine ? `${raw.slice(0, longestLine)} […]` : raw;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: dropping them is the purpose.
  return stripVTControlCharacters(cut).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
