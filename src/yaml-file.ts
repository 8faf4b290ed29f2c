import { isNode, LineCounter, parseDocument, type YAMLParseError } from "yaml";
import type { z } from "zod";

/** A checked file, or every problem in it as a sentence that starts with line and column. */
export type YamlRead<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "bad"; readonly problems: readonly string[] };

/** Longest file we read, in bytes; a configuration is a page, not a payload. */
const maxBytes = 64 * 1024;

/**
 * Reads YAML against a strict schema. Unknown keys, wrong types, duplicate keys, alias bombs and oversize files are
 * problems with a position, never exceptions (product.md §7, security.md T39).
 */
export function readYaml<S extends z.ZodType>(text: string, schema: S): YamlRead<z.output<S>> {
  if (Buffer.byteLength(text) > maxBytes) return { kind: "bad", problems: [`larger than ${maxBytes / 1024} KiB`] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true });
  if (document.errors.length > 0) {
    return { kind: "bad", problems: document.errors.slice(0, 10).map(syntaxProblem) };
  }
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 20 }) ?? {};
  } catch (cause) {
    return { kind: "bad", problems: [cause instanceof Error ? cause.message : "cannot be read"] };
  }
  const checked = schema.safeParse(plain);
  if (checked.success) return { kind: "ok", value: checked.data };
  const problems = checked.error.issues.slice(0, 10).map((issue) => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    return `${position(document, path, lines)}${path.length > 0 ? `\`${path.join(".")}\`: ` : ""}${issue.message}`;
  });
  return { kind: "bad", problems };
}

function position(
  document: ReturnType<typeof parseDocument>,
  path: readonly (string | number)[],
  lines: LineCounter,
): string {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `line ${line}, column ${col}: `;
  }
  return "";
}

function syntaxProblem({ message, linePos }: YAMLParseError): string {
  const text = (message.split("\n", 1)[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
  return linePos ? `line ${linePos[0].line}, column ${linePos[0].col}: ${text}` : text;
}
