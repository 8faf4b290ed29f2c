/**
 * Where each kind of id starts. The sizes are those of github.com today; most of them do not fit into 32 bits, which is
 * the point.
 */
const FIRST = {
  user: 83_104_577,
  organization: 171_300_212,
  app: 1_482_220,
  installation: 71_442_908,
  hook: 561_224_810,
  repository: 984_205_113,
  issue: 3_254_118_907,
  pull: 2_871_442_015,
  comment: 3_148_207_733,
  review: 3_512_640_118,
  reviewComment: 2_547_310_992,
  reviewThread: 5_104_877_213,
  label: 8_811_204_550,
  reaction: 318_445_201,
  checkRun: 48_220_117_306,
  checkSuite: 43_771_309_218,
  status: 37_004_511_872,
  timeline: 18_220_771_430,
  edit: 1_240_331_876,
  delivery: 190_440_118_203_551,
} as const;

export type IdKind = keyof typeof FIRST;

/** Gives out ids: the same ones in the same order in every world. */
export class Ids {
  readonly #last = new Map<IdKind, number>();

  next(kind: IdKind): number {
    const id = (this.#last.get(kind) ?? FIRST[kind]) + 17;
    this.#last.set(kind, id);
    return id;
  }
}

/** GitHub's opaque global id of an object. */
export function nodeId(kind: string, id: number): string {
  return `${kind}_${Buffer.from(`${kind}:${id}`).toString("base64url")}`;
}

/** What `nodeId` was made from, or undefined for anything else. */
export function parseNodeId(text: string): { readonly kind: string; readonly id: number } | undefined {
  const match = /^(\w+?)_([\w-]+)$/.exec(text);
  const [kind, id] = Buffer.from(match?.[2] ?? "", "base64url")
    .toString()
    .split(":");
  return match?.[1] === kind && kind !== undefined && /^\d+$/.test(id ?? "") ? { kind, id: Number(id) } : undefined;
}

/** The global id of something that is known by a text, such as a commit. */
export function nodeIdOfText(kind: string, text: string): string {
  return `${kind}_${Buffer.from(text).toString("base64url")}`;
}
