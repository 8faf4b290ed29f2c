import type { Actor } from "./trigger.ts";

/** A comment that was admitted into the snapshot, cleaned of hidden text. */
export interface SnapshotComment {
  readonly id: number;
  readonly author: Actor;
  readonly at: number;
  readonly body: string;
}

/** Something that was left out, and why: shown to people, never to the agent. */
export interface LeftOut {
  readonly what: "comment" | "hidden text";
  readonly who: string;
  readonly reason:
    | "no push permission"
    | "written after the trigger"
    | "edited after the trigger"
    | "bot"
    | "minimized"
    | "cut: too long";
}

/** The frozen input of one run (product.md §3.1). `hash` is the SHA-256 of its canonical JSON, 12 hex digits shown. */
export interface Snapshot {
  readonly title: string;
  readonly body: string;
  readonly author: Actor;
  readonly comments: readonly SnapshotComment[];
  readonly guidance: string;
  /** Hidden characters and elements removed from all texts together. */
  readonly removed: number;
  readonly leftOut: readonly LeftOut[];
  readonly hash: string;
}
