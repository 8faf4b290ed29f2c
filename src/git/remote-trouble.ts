import { type GitAnswer, lastLine } from "./call-git.ts";

/**
 * Why a remote did not do what we asked.
 * `unauthorised`: drop the token and mint a new one. `forbidden`, `not_found`: asking again is no use.
 * `unavailable`: network, time, disk or anything unknown; ask again later.
 */
export type RemoteTrouble =
  | { readonly kind: "refused"; readonly why: "unauthorised" | "forbidden" | "not_found"; readonly reason: string }
  | { readonly kind: "unavailable"; readonly cause: string };

/** Reads git's English (the locale is fixed) and says what went wrong between us and the remote. */
export function remoteTrouble(answer: GitAnswer): RemoteTrouble {
  const { stderr, cut } = answer;
  if (cut === "timeout") return { kind: "unavailable", cause: "git took too long and was ended." };
  if (cut === "output") return { kind: "unavailable", cause: "the remote sent too much and was cut off." };
  if (/could not read Username|Authentication failed|error: 401\b/.test(stderr)) {
    return { kind: "refused", why: "unauthorised", reason: "GitHub did not accept the App's token." };
  }
  if (/error: 403\b|Write access to repository not granted|Permission to \S+ denied/i.test(stderr)) {
    return { kind: "refused", why: "forbidden", reason: "The App may not do this here: it needs contents: write." };
  }
  if (/error: 404\b|repository '[^']*' not found|Repository not found/i.test(stderr)) {
    return { kind: "refused", why: "not_found", reason: "GitHub does not show this repository to the App." };
  }
  return { kind: "unavailable", cause: lastLine(stderr) };
}
