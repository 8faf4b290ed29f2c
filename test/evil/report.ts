import type { Tried } from "./try-all.ts";
import { type Finding, gapIn, type Row } from "./vector.ts";

export interface ReportOrder extends Tried {
  readonly seconds: number;
  readonly output: "table" | "json";
}

/** Prints what was found. @returns the exit code: 1 when there is a gap */
export async function report(order: ReportOrder): Promise<number> {
  const { rows, facts, output } = order;
  const broken = facts.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name} does not hold: ${problem}`],
  );
  const gaps = [...rows.flatMap((row) => gapIn(row) ?? []), ...broken];
  const text = output === "json" ? `${JSON.stringify(asJson(order, gaps))}\n` : tableOf(order);
  await new Promise((written) => process.stdout.write(text, written));
  for (const gap of gaps) process.stderr.write(`GAP ${gap}\n`);
  return gaps.length === 0 ? 0 : 1;
}

function asJson({ rows, facts, seconds }: ReportOrder, gaps: readonly string[]) {
  return {
    ok: gaps.length === 0,
    seconds: Math.round(seconds),
    ...countsOf(rows),
    gaps,
    facts,
    vectors: rows.map(({ trial, vector, none, srt }) => ({ trial, ...vector, none, srt })),
  };
}

function countsOf(rows: readonly Row[]) {
  const count = (which: (row: Row) => Finding, kind: Finding["kind"]) =>
    rows.filter((row) => which(row).kind === kind).length;
  return {
    vectorCount: rows.length,
    succeededWithoutWalls: count(({ none }) => none, "succeeded"),
    contained: count(({ srt }) => srt, "contained"),
    notHere: rows.filter(({ none, srt }) => none.kind === "not_here" && srt.kind === "not_here").length,
  };
}

function tableOf({ rows, facts, seconds }: ReportOrder): string {
  const width = Math.max(...rows.map(({ vector }) => vector.name.length)) + 2;
  const lines: string[] = [];
  let trial = "";
  for (const row of rows) {
    if (row.trial !== trial) lines.push("", row.trial);
    trial = row.trial;
    const { name, threat, what, carelessHost } = row.vector;
    const cells = [name.padEnd(width), threat.padEnd(5), shown(row.none, carelessHost), shown(row.srt, undefined)];
    lines.push(`  ${cells.join(" ")} ${gapIn(row) === undefined ? "  " : "✗ "}${what}`);
  }
  const { vectorCount, succeededWithoutWalls, contained, notHere } = countsOf(rows);
  const head = `  ${"vector".padEnd(width)} ${"row".padEnd(5)} ${"driver none".padEnd(12)} ${"sandbox".padEnd(12)}   what it is after`;
  return [
    head,
    ...lines,
    "",
    "* with a host that is careless in a way the sandbox alone does not mend: git run in the clone, answers believed",
    ...facts.map(({ says, problem }) => `${problem === undefined ? "·" : "✗"} ${says}`),
    `${vectorCount} vectors: ${succeededWithoutWalls} succeeded without walls, ${contained} contained, ${notHere} not to be tried on this machine; ${Math.round(seconds)} s`,
    "",
  ].join("\n");
}

function shown({ kind }: Finding, carelessHost: string | undefined): string {
  return `${kind === "not_here" ? "not here" : kind}${carelessHost === undefined ? "" : "*"}`.padEnd(12);
}
