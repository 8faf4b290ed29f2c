/** A member of the top-level object of a JSON text. Offsets are those of its value, in bytes. */
export interface Member {
  /** In lower case, because some servers match names whatever their case. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** The value's text; undefined when it is too long to be one we know. */
  readonly text: string | undefined;
}

export interface MemberScanner {
  readonly push: (chunk: Buffer) => void;
  /** The watched members in their order, duplicates included; undefined when the text is no JSON object. */
  readonly end: () => readonly Member[] | undefined;
}

const longestName = 256;
const longestValue = 4096;
const [quote, backslash, colon, comma] = [...'"\\:,'].map((one) => one.charCodeAt(0));
const [openObject, closeObject, openList, closeList] = [..."{}[]"].map((one) => one.charCodeAt(0));

/**
 * Finds a few members of a large JSON object while it arrives, in constant memory. The texts come from the agent, and
 * parsing them is no choice: 32 MiB of `[[],[],…` keep the parser busy for seconds and take a gigabyte.
 *
 * Only the frame of the object is checked. What is inside its values is the provider's to judge.
 */
export function createMemberScanner(names: readonly string[]): MemberScanner {
  const watched = new Set(names);
  const found: Member[] = [];
  let state: "before" | "name" | "colon" | "value" | "after" | "broken" = "before";
  let at = 0;
  let depth = 0;
  let start = -1;
  let name = "";
  let quoted: "no" | "yes" | "escaped" = "no";
  let kept: number[] | undefined;
  let room = 0;

  const keep = (byte: number) => {
    if (!kept) return;
    if (kept.length < room) kept.push(byte);
    else kept = undefined;
  };

  const endName = () => {
    name = kept ? readName(kept) : "";
    kept = undefined;
    state = "colon";
  };

  const endValue = () => {
    if (!watched.has(name)) return;
    const text = kept && Buffer.from(kept).toString("utf8").trim();
    found.push({ name, start: start === -1 ? at : start, end: at, text });
  };

  const inQuotes = (byte: number) => {
    keep(byte);
    if (quoted === "escaped") quoted = "yes";
    else if (byte === backslash) quoted = "escaped";
    else if (byte === quote) {
      quoted = "no";
      if (state === "name") endName();
    }
  };

  const inName = (byte: number) => {
    if (byte === closeObject) state = "after";
    else if (byte === quote) {
      quoted = "yes";
      kept = [byte];
      room = longestName;
    } else state = "broken";
  };

  const inValue = (byte: number) => {
    if (depth === 1 && (byte === comma || byte === closeObject || byte === closeList)) {
      endValue();
      state = byte === comma ? "name" : byte === closeObject ? "after" : "broken";
      return;
    }
    if (start === -1) start = at;
    if (byte === quote) quoted = "yes";
    else if (byte === openObject || byte === openList) depth += 1;
    else if (byte === closeObject || byte === closeList) depth -= 1;
    keep(byte);
  };

  const step = (byte: number) => {
    if (quoted !== "no") return inQuotes(byte);
    if (byte === 32 || byte === 10 || byte === 13 || byte === 9) return;
    if (state === "value") return inValue(byte);
    if (state === "name") return inName(byte);
    if (state === "before" && byte === openObject) {
      state = "name";
      depth = 1;
    } else if (state === "colon" && byte === colon) {
      state = "value";
      start = -1;
      kept = watched.has(name) ? [] : undefined;
      room = longestValue;
    } else state = "broken";
  };

  return {
    push: (chunk) => {
      for (let index = 0; index < chunk.length && state !== "broken"; index += 1) {
        const from = index;
        // Most of a request is text in quotes that nobody asks for.
        if (quoted === "yes" && !kept) index = endOfPlain(chunk, index);
        at += index - from;
        if (index === chunk.length) break;
        step(chunk[index] as number);
        at += 1;
      }
    },
    end: () => (state === "after" ? found : undefined),
  };
}

function endOfPlain(chunk: Buffer, from: number): number {
  let index = from;
  while (index < chunk.length && chunk[index] !== quote && chunk[index] !== backslash) index += 1;
  return index;
}

/** Escapes in a name count as what they stand for: `"b\u0061ckground"` is `background`. */
function readName(bytes: readonly number[]): string {
  try {
    return String(JSON.parse(Buffer.from(bytes).toString("utf8"))).toLowerCase();
  } catch {
    return "";
  }
}
