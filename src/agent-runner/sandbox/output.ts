import { StringDecoder } from "node:string_decoder";
import { stripVTControlCharacters } from "node:util";

const longestLine = 8 * 1024;
const tailSize = 64 * 1024;
const shownSize = 4 * 1024 * 1024;
const leastPerLine = 80;
/** A command that prints more than this is ended: nobody reads it, and it costs the host. */
export const outputCap = 64 * 1024 * 1024;
/** The same for one that is talked with: a protocol says each word of a model in a message of its own. */
export const talkCap = 256 * 1024 * 1024;
/** A longer line of a talking command is left out. */
const longestSaid = 8 * 1024 * 1024;

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
    // Each line costs a row, however little it says.
    shown += Math.max(leastPerLine, line.length + 1);
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
  /** For lines that are meant for a program: whole or not at all, and no part of the tail. */
  const said = (onLine: (line: string) => void) => {
    const lines = wholeLines(longestSaid, onLine);
    return {
      push: (chunk: Buffer) => {
        total += chunk.length;
        lines.push(chunk);
      },
      end: lines.end,
    };
  };
  return { stream, said, flush, total: () => total, tail: tail.text };
}

/** Cuts bytes into lines. One longer than `longest` bytes is swallowed as it comes, so that it is never held. */
export function wholeLines(longest: number, onLine: (line: string) => void) {
  let held: Buffer[] = [];
  let size = 0;
  const take = (piece: Buffer) => {
    size += piece.length;
    if (size > longest) held = [];
    else held.push(piece);
  };
  const finish = () => {
    if (size > 0 && size <= longest) onLine(Buffer.concat(held).toString("utf8"));
    held = [];
    size = 0;
  };
  return {
    push: (chunk: Buffer) => {
      let from = 0;
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
        take(chunk.subarray(from, at));
        finish();
        from = at + 1;
      }
      if (from < chunk.length) take(chunk.subarray(from));
    },
    end: finish,
  };
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
