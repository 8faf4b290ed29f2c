import type { RunOutcome } from "./domain/run.ts";
import type { Phase } from "./domain/task.ts";
import { mapTexts } from "./map-texts.ts";
import type { Orchestrator } from "./orchestrator.ts";
import { patiently, untilAvailable } from "./patience.ts";
import type { Clock } from "./ports.ts";
import { type Redactor, redactEvents } from "./redact-events.ts";
import { conductRun } from "./run/conduct-run.ts";
import type { Conducted, ConductPorts } from "./run/work.ts";
import type { AgentEvent, RunSettingsSource } from "./run-ports.ts";
import { LostClaim } from "./store/errors.ts";
import type { StoreLog } from "./store/log.ts";
import type { Store } from "./store/open-store.ts";
import type { HeldRun } from "./store/queue.ts";
import { appendRunEvents, type NewRunEvent } from "./store/run-events.ts";
import { finishRun, interruptRun, type Run, recordHead, recordPhase, startRun } from "./store/runs.ts";
import type { Tx } from "./store/schema.ts";
import { lockTaskById, readTask } from "./store/tasks.ts";

export interface RunWorkerParts {
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly ports: ConductPorts;
  readonly settings: RunSettingsSource;
  readonly clock: Clock;
  readonly log: StoreLog;
  /** Takes known secrets out of everything the agent's world says before it is stored or shown. */
  readonly redactor: (secrets: readonly string[]) => Redactor;
  /** This machine's name and this start of it: a run knows who holds it. */
  readonly worker: string;
  readonly boot: string;
  /** Aborts when the process drains and the grace period is over. */
  readonly drain: AbortSignal;
}

/** Carries out one admitted run, from its ticket to its one outcome. */
export async function workOnRun(parts: RunWorkerParts, held: HeldRun): Promise<void> {
  const run = await begin(parts, held);
  if (!run) return;
  const { log } = parts;
  log.info({ run: run.id, task: run.taskId, attempt: run.attempt }, "run started");
  const conducted = await conduct(parts, held, run);
  try {
    await end(parts, held, { run, conducted });
    log.info({ run: run.id, task: run.taskId, outcome: conducted.outcome.kind }, "run ended");
  } catch (cause) {
    if (!(cause instanceof LostClaim)) throw cause;
    log.warn({ run: run.id, task: run.taskId }, "run was taken over while it was worked on; its outcome is dropped");
  }
}

async function begin(parts: RunWorkerParts, held: HeldRun): Promise<Run | undefined> {
  const { store, orchestrator, worker, boot, clock } = parts;
  return orchestrator.transact(async (tx) => {
    const run = await startRun(tx, store.queue, { ...held, worker, boot });
    if (!run) return undefined;
    const task = await lockTaskById(tx, run.taskId);
    if (task) await orchestrator.decideWithin(tx, task, { type: "run_started", at: clock(), run: run.id });
    return run;
  });
}

/** Surprises become an outcome too: a run that ends without a word is the worst of ends. */
async function conduct(parts: RunWorkerParts, held: HeldRun, run: Run): Promise<Conducted> {
  const task = await readTask(parts.store.db, run.taskId);
  if (!task) return failed("internal", "The task of this run does not exist.");
  const settings = parts.settings.settingsFor(task.repository, run.order.profile);
  if (!settings) return failed("agent_missing", `The profile "${run.order.profile}" is no longer configured.`);
  const startedAt = (run.startedAt ?? run.queuedAt).getTime();
  const known = parts.redactor(settings.secrets);
  const progress = storeProgress(parts, { run, known, held });
  const signal = AbortSignal.any([held.signal, parts.drain, progress.lost]);
  try {
    const toConduct = { id: run.id, task, order: run.order, settings, startedAt };
    const conducted = await conductRun(patientPorts(parts, signal), toConduct, { ...progress, signal });
    if (conducted.patch !== undefined) progress.onPatch(conducted.patch);
    await progress.stored();
    return { ...conducted, outcome: mapTexts(conducted.outcome, known.redact) };
  } catch (cause) {
    if (signal.aborted) return { outcome: { kind: "stopped" } };
    parts.log.error({ run: run.id, task: run.taskId, err: cause }, "run failed unexpectedly");
    const detail = cause instanceof Error ? cause.message : String(cause);
    return failed("internal", known.redact(detail).slice(0, 500));
  }
}

function patientPorts({ ports, clock }: RunWorkerParts, signal: AbortSignal): ConductPorts {
  const { github, git } = ports;
  const patience = { clock, signal };
  return {
    ...ports,
    github: {
      ...github,
      token: (at, purpose) => patiently(() => github.token(at, purpose), patience),
      self: () => patiently(() => github.self(), patience),
    },
    git: { ...git, fetchBase: (order) => untilAvailable(() => git.fetchBase(order), patience) },
  };
}

function failed(className: "internal" | "agent_missing", detail: string): Conducted {
  return { outcome: { kind: "failed", class: className, detail } };
}

/**
 * Phases and output are written one after the other, so that they cannot overtake each other or the run's end. Each
 * proves first that the run is still this worker's; when it is not, `lost` stops the work at once.
 */
function storeProgress(
  parts: RunWorkerParts,
  what: { readonly run: Run; readonly known: Redactor; readonly held: HeldRun },
) {
  const { run, known, held } = what;
  const { store, orchestrator, clock, log } = parts;
  const lost = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  const next = (write: (tx: Tx) => Promise<unknown>): void => {
    last = last
      .then(() => (lost.signal.aborted ? undefined : store.transaction(write)))
      .catch((cause: unknown) => {
        if (cause instanceof LostClaim) lost.abort();
        else log.warn({ run: run.id, err: cause }, "progress of a run could not be stored");
      });
  };
  const append = (events: readonly NewRunEvent[]): void =>
    next((tx) => appendRunEvents(tx, store.queue, { ...held, events }));
  const steps = redactEvents(known);
  const appendSteps = (events: readonly AgentEvent[]): void => {
    if (events.length > 0) append(events.map((event) => ({ at: event.at, kind: "agent", data: event })));
  };
  return {
    lost: lost.signal,
    onPhase(phase: Phase): void {
      next(async (tx) => {
        const task = await lockTaskById(tx, run.taskId);
        await recordPhase(tx, store.queue, { ...held, phase });
        const event = { type: "run_phase_changed", at: clock(), run: run.id, phase } as const;
        if (task) await orchestrator.decideWithin(tx, task, event);
      });
    },
    onOutput(lines: readonly string[]): void {
      append(lines.map((line) => ({ at: clock(), kind: "output", data: known.redact(line) })));
    },
    onEvents(events: readonly AgentEvent[]): void {
      appendSteps(steps.push(events));
    },
    onPatch(patch: string): void {
      append([{ at: clock(), kind: "patch", data: patch }]);
    },
    stored(): Promise<unknown> {
      appendSteps(steps.rest());
      return last;
    },
  };
}

/** A drained run goes back to the queue at no cost; everything else ends, fenced, with its event in one transaction. */
async function end(
  parts: RunWorkerParts,
  held: HeldRun,
  done: { readonly run: Run; readonly conducted: Conducted },
): Promise<void> {
  const { store, orchestrator, clock, drain } = parts;
  const { run, conducted } = done;
  const seconds = Math.round((clock() - (run.startedAt ?? run.queuedAt).getTime()) / 1000);
  const outcome = withSeconds(conducted.outcome, seconds);
  const { bundle } = conducted;
  const claim = { run: run.id, fence: held.fence };
  await orchestrator.transact(async (tx) => {
    const task = await lockTaskById(tx, run.taskId);
    if (!task) return;
    if (outcome.kind === "stopped" && drain.aborted && !held.signal.aborted) {
      await interruptRun(tx, store.queue, claim);
      await orchestrator.decideWithin(tx, task, { type: "run_interrupted", at: clock(), run: run.id });
      return;
    }
    if (outcome.kind === "changed" && bundle) await recordHead(tx, store.queue, { ...claim, ...outcome, bundle });
    await finishRun(tx, store.queue, { ...claim, state: endState(outcome), outcome });
    await orchestrator.decideWithin(tx, task, { type: "run_ended", at: clock(), run: run.id, outcome, seconds });
  });
}

/** The report says how long the whole run took, which only its end knows. */
function withSeconds(outcome: RunOutcome, seconds: number): RunOutcome {
  return outcome.kind === "changed" ? { ...outcome, report: { ...outcome.report, seconds } } : outcome;
}

function endState(outcome: RunOutcome): "succeeded" | "failed" | "cancelled" {
  if (outcome.kind === "stopped") return "cancelled";
  return outcome.kind === "failed" || outcome.kind === "limit" || outcome.kind === "gate" ? "failed" : "succeeded";
}
