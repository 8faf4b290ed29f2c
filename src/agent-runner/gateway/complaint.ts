import { z } from "zod";
import { membersOf, parseJson } from "./loose-json.ts";

/** What a provider said when it did not do what it was asked. */
export interface Complaint {
  /** The HTTP status; undefined inside a stream that began well. */
  readonly status?: number | undefined;
  /** Words for machines: code and type. */
  readonly codes: readonly string[];
  readonly message: string;
}

const word = z.union([z.string(), z.number()]).optional().catch(undefined);
const partsShape = z.object({ message: z.string().optional().catch(undefined), code: word, type: word });
const wrappedShape = z.object({ error: z.union([z.string(), partsShape]) });
const detailShape = z.object({ detail: z.string() });

/** The complaint in the body of an error answer. Of a web page the words are kept. */
export function readErrorText(text: string, status: number): Complaint {
  const read = readComplaint(parseJson(text));
  if (read) return { ...read, status };
  const words = text
    .slice(0, 4000)
    .replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, " ")
    .replace(/<[^>]*>/g, " ");
  return { status, codes: [], message: words };
}

/** Whether a value inside an answer that began well says that something went wrong. */
export function carriesError(value: unknown): boolean {
  const { type, error } = membersOf(value);
  return type === "error" || (error !== undefined && error !== null);
}

/** The complaint inside an answer that began well. Some gateways tell the status there, as a numeric code. */
export function readStreamComplaint(value: unknown): Complaint {
  const read = readComplaint(value) ?? { codes: [], message: "The provider reports an error it does not name." };
  const status = read.codes.map(Number).find((code) => code >= 400 && code < 600);
  return { ...read, status };
}

/** Reads the shapes in use: OpenAI's, a bare message, FastAPI's `detail`, each also as the first of a list. */
function readComplaint(value: unknown): Complaint | undefined {
  const body: unknown = Array.isArray(value) ? value[0] : value;
  const wrapped = wrappedShape.safeParse(body);
  if (wrapped.success) {
    const { error } = wrapped.data;
    return typeof error === "string" ? { codes: [], message: error } : complaintOf(error);
  }
  const detail = detailShape.safeParse(body);
  if (detail.success) return { codes: [], message: detail.data.detail };
  const bare = partsShape.safeParse(body);
  return bare.success ? complaintOf(bare.data) : undefined;
}

function complaintOf({ code, type, message }: z.infer<typeof partsShape>): Complaint {
  return { codes: [code, type].filter((one) => one !== undefined).map(String), message: message ?? "" };
}
