/** The walls a vector is tried against: none at all, as the proof that it works, and the sandbox. */
export type Driver = "none" | "srt";

/** One thing a hostile agent can try. */
export interface Vector {
  /** Also the name of the attempt in the evil agent's program. */
  readonly name: string;
  /** Row of the threat table in the security requirements. */
  readonly threat: string;
  /** What it is after, as a sentence without a full stop. */
  readonly what: string;
  /** What a careless host does, where it is not the sandbox alone that stops the vector. */
  readonly carelessHost?: string;
}

/** What became of a vector, told from outside. */
export type Finding =
  | { readonly kind: "succeeded" | "contained"; readonly how: string }
  /** The attempt was not made: nothing is proven, so this is a gap. */
  | { readonly kind: "untried"; readonly how: string }
  /** Cannot be tried on this machine; shown, and no gap. */
  | { readonly kind: "not_here"; readonly how: string };

export type Findings = Readonly<Record<string, Finding>>;

/** Vectors that are tried together. */
export interface Trial {
  readonly name: string;
  readonly vectors: readonly Vector[];
  /** It measures time, so nothing else goes on meanwhile. */
  readonly isAlone?: true;
  /** Tries all of them behind one kind of walls and judges each from outside. */
  readonly play: (driver: Driver, note: Note) => Promise<Findings>;
}

/** Something that must hold around the vectors, and what was seen of it. */
export interface Fact {
  readonly name: string;
  readonly says: string;
  /** Why it does not hold. */
  readonly problem?: string;
}

export type Note = (fact: Fact) => void;

/** Both findings about one vector. */
export interface Row {
  readonly trial: string;
  readonly vector: Vector;
  readonly none: Finding;
  readonly srt: Finding;
}

/** A finding from a fact: `how` tells what was seen. */
export function finding(succeeded: boolean | undefined, how: string): Finding {
  return { kind: succeeded === true ? "succeeded" : "contained", how };
}

/** What is wrong with a row, or undefined. Without the positive control the rest proves nothing. */
export function gapIn({ vector, none, srt }: Row): string | undefined {
  if (none.kind === "not_here" && srt.kind === "not_here") return undefined;
  const gaps: string[] = [];
  if (none.kind !== "succeeded")
    gaps.push(`defect of the test: ${vector.name} did not succeed without walls (${none.kind}: ${none.how})`);
  if (srt.kind === "succeeded") gaps.push(`defect of Baton: ${vector.name} succeeded in the sandbox (${srt.how})`);
  else if (srt.kind !== "contained")
    gaps.push(`defect of the test: ${vector.name} was not tried in the sandbox (${srt.kind}: ${srt.how})`);
  return gaps.length === 0 ? undefined : gaps.join("; ");
}
