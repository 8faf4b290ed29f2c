import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import type { AgentAnswer, AgentResult } from "./types.ts";

const largestFile = 256 * 1024;
const text = (length: number) => z.string().max(length);
const points = z.array(text(4000)).max(50);

const mostAnswers = 1000;
const longestAnswer = 4000;

const answerSchema = z.object({
  id: z.string().trim().max(200),
  answer: z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(["fixed", "declined", "question", "duplicate"])),
  text: z.string().transform(plain).catch(""),
  of: z.string().trim().max(200).optional().catch(undefined),
});

/** Schema of the result file. Unknown keys are dropped, so that agents may say more than we read. */
const resultSchema = z.object({
  title: text(300).optional(),
  summary: text(20_000).optional(),
  decisions: points.optional(),
  not_done: points.optional(),
  no_change_reason: text(4000).optional(),
  question: text(8000).optional(),
  answers: z.unknown().optional().transform(readAnswers),
});

export type ReadResult =
  | { readonly kind: "read"; readonly result: AgentResult }
  | { readonly kind: "absent" }
  | { readonly kind: "malformed"; readonly detail: string };

/**
 * Reads the result file an agent may have left. It lies where the agent could write, so it may be anything: a link, a
 * pipe, a device, a gigabyte.
 */
export async function readResultFile(path: string): Promise<ReadResult> {
  const content = await readBounded(path);
  if (content.kind !== "content") return content;
  try {
    const parsed = resultSchema.safeParse(JSON.parse(content.text));
    if (parsed.success) return { kind: "read", result: withoutAbsent(parsed.data) };
    return malformed(
      parsed.error.issues
        .map((issue) => `${issue.path.join(".")}: ${issue.message}`)
        .join("; ")
        .slice(0, 500),
    );
  } catch {
    return malformed("not JSON");
  }
}

/** One answer that is no use must not cost the others: it is dropped, and the agent is asked for it again. */
function readAnswers(value: unknown): readonly AgentAnswer[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return [];
  return value.slice(0, mostAnswers).flatMap((one) => {
    const parsed = answerSchema.safeParse(one);
    return parsed.success ? [parsed.data] : [];
  });
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: dropping them is the purpose.
  const clean = stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
  return clean.trim().slice(0, longestAnswer).toWellFormed();
}

function withoutAbsent({ answers, ...result }: AgentResult): AgentResult {
  return answers === undefined ? result : { ...result, answers };
}

async function readBounded(
  path: string,
): Promise<{ readonly kind: "content"; readonly text: string } | Exclude<ReadResult, { kind: "read" }>> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? { kind: "absent" } : malformed("not a readable file");
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return malformed("not a regular file");
    if (stats.size > largestFile) return malformed(`larger than ${largestFile} bytes`);
    const bytes = Buffer.alloc(largestFile);
    const { bytesRead } = await file.read(bytes, 0, largestFile, 0);
    return { kind: "content", text: new TextDecoder("utf8", { fatal: true }).decode(bytes.subarray(0, bytesRead)) };
  } catch {
    return malformed("not text in UTF-8");
  } finally {
    await file.close();
  }
}

function malformed(detail: string): { readonly kind: "malformed"; readonly detail: string } {
  return { kind: "malformed", detail };
}
