import { stripAnsi } from "../../text/terminal.ts";
import { cutText } from "../../text/truncate.ts";
import type { Complaint } from "./complaint.ts";
import type { ModelTrouble, ModelTroubleClass } from "./types.ts";

const longestDetail = 300;

const overflow = new RegExp(
  [
    "context[ _-]?(?:length|window|size)",
    "maximum (?:context|prompt length)",
    "too many (?:input )?tokens",
    "token count.{0,40}exceeds",
    "(?:prompt|input|conversation|request|entity|payload) (?:is )?too (?:long|large)",
    "reduce the length of",
    "string_above_max_length",
  ].join("|"),
  "i",
);
const quota = /quota|billing|credit|payment|balance|usage[ _](?:limit|not)|spend/i;
const rate = /^(?:rate_limit\w*|too_many_requests|requests|tokens|slow_down)$/i;
const key = /^(?:authentication_error|permission_\w+|unauthorized)$|api[ _-]?key/i;
const request =
  /^(?:invalid|unsupported)_|_policy|_not_found$|image|^content_filter$|^max_output_tokens$|^incomplete$/i;

/**
 * What kind of trouble a complaint is. The status decides; words decide where a status stands for several things (429
 * is both "too fast" and "no money", 400 both "too long" and "wrong") and where there is no status, inside a stream.
 */
export function classOf({ status, codes, message }: Complaint): ModelTroubleClass {
  const coded = (words: RegExp) => codes.some((code) => words.test(code));
  // Addresses are left out: a plain "too fast" may point to a page about billing.
  const said = message.replace(/https?:\S+/g, "");
  const says = (words: RegExp) => coded(words) || words.test(said);
  if (status === undefined) return classInStream(says, coded);
  if (status === 413 || ([400, 422, 500].includes(status) && says(overflow))) return "overflow";
  if (status === 402) return "quota";
  if (status === 401 || status === 403) return coded(quota) ? "quota" : "auth";
  if (status === 429) return coded(quota) || (!coded(rate) && says(quota)) ? "quota" : "rate";
  if (status === 529) return "rate";
  if (status < 400 || status >= 500 || status === 408 || status === 425) return "unavailable";
  return says(key) ? "auth" : "request";
}

type Test = (words: RegExp) => boolean;

/** What is not known inside a stream may pass, so it is worth another try. */
function classInStream(says: Test, coded: Test): ModelTroubleClass {
  if (says(overflow)) return "overflow";
  if (coded(quota)) return "quota";
  if (coded(rate)) return "rate";
  if (coded(key)) return "auth";
  return coded(request) ? "request" : "unavailable";
}

/** A trouble in the provider's own words, on one line of at most 300 characters, without secrets. */
export function troubleOf(complaint: Complaint, redact: (text: string) => string): ModelTrouble {
  const { status, codes, message } = complaint;
  const code = codes.find((one) => !/^\d*$/.test(one));
  const head = [status === undefined ? "" : `HTTP ${status}`, code ?? ""].filter((part) => part !== "").join(" ");
  const words = [head, message.trim()].filter((part) => part !== "").join(": ");
  return { class: classOf(complaint), detail: oneLine(words, redact), ...(status === undefined ? {} : { status }) };
}

/** A trouble the gateway saw by itself. */
export function ownTrouble(which: "unavailable" | "silent", detail: string, status?: number): ModelTrouble {
  return { class: which, detail, ...(status === undefined ? {} : { status }) };
}

/** Redacted after cleaning, since invisible characters could split a secret, and before the cut, which could too. */
function oneLine(text: string, redact: (text: string) => string): string {
  return cutText(redact(stripAnsi(text).replace(/\s+/g, " ").trim()), longestDetail);
}
