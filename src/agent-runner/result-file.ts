import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { z } from "zod";
import type { AgentResult } from "./types.ts";

const largestFile = 256 * 1024;
const text = (length: number) => z.string().max(length);
const points = z.array(text(4000)).max(50);

/** Schema of the result file. Unknown keys are dropped, so that agents may say more than we read. */
const resultSchema = z.object({
  title: text(300).optional(),
  summary: text(20_000).optional(),
  decisions: points.optional(),
  not_done: points.optional(),
  no_change_reason: text(4000).optional(),
  question: text(8000).optional(),
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
    if (parsed.success) return { kind: "read", result: parsed.data };
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
