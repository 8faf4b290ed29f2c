import type { Role } from "./crew.ts";

/** A defect that the torture must notice, planted by rewriting one file while it is loaded. */
export interface PlantedFault {
  readonly name: string;
  /** Below `src`. */
  readonly file: string;
  /** Each text must be in the file; all its occurrences are replaced. */
  readonly changes: readonly (readonly [find: string, replace: string])[];
  /** Where one process cannot show it. */
  readonly fleet?: readonly Role[];
}

export const plantedFaults: readonly PlantedFault[] = [
  {
    name: "no-dedupe",
    file: "orchestrator/store/deliveries.ts",
    changes: [['  return "duplicate";', '  return "new";']],
  },
  {
    name: "ack-before-commit",
    file: "listen.ts",
    changes: [
      [
        "if (fact) await orchestrator.receive({ ...fact, delivery: record });",
        "if (fact) setTimeout(() => orchestrator.receive({ ...fact, delivery: record }).catch(() => {}), 200);",
      ],
    ],
  },
  {
    name: "no-lease",
    file: "orchestrator/store/effects.ts",
    changes: [["e.state = 'doing' and e.lease_until < now()", "e.state = 'doing'"]],
  },
  {
    name: "no-fence",
    file: "orchestrator/store/effects.ts",
    changes: [['\n    .where("state", "=", "doing")\n    .where("fence", "=", claim.fence)', ""]],
    fleet: ["web", "worker", "worker"],
  },
  {
    name: "no-read-back",
    file: "orchestrator/effect-worker.ts",
    changes: [['claimed.attempts > 1 || (await wasGivenUp(parts, claimed)) ? "in_doubt" : "fresh"', '"fresh"']],
  },
  {
    name: "forget-remember",
    file: "orchestrator/effect-worker.ts",
    changes: [["await rememberObject(tx, claimed.taskId, { key, externalId });", "void [key, externalId];"]],
  },
  {
    name: "event-after-commit",
    file: "orchestrator/effect-worker.ts",
    changes: [
      [
        "if (locked && done.event) await orchestrator.decideWithin(tx, locked, done.event);",
        "if (done.event) setTimeout(() => orchestrator.tell(claimed.taskId, done.event), 200);",
      ],
    ],
  },
  {
    name: "no-reconciler",
    file: "orchestrator/reconcile.ts",
    changes: [
      [
        'await saveWatermark(store.db, "pass", pass.startedAt);',
        'if (store) {\n    log.info({}, "reconciled");\n    return counts;\n  }',
      ],
    ],
  },
  {
    name: "no-sweep",
    file: "orchestrator/reconcile-store.ts",
    changes: [
      [
        "const { store, orchestrator } = parts;\n  for",
        "const { store, orchestrator } = parts;\n  if (store) return;\n  for",
      ],
    ],
    fleet: ["web", "worker", "worker"],
  },
  {
    name: "double-admission",
    file: "orchestrator/store/admission.ts",
    changes: [["pg_advisory_xact_lock(", "abs("]],
    fleet: ["web", "web", "worker", "worker"],
  },
  {
    name: "no-clean-up",
    file: "orchestrator/run/clear-machine.ts",
    changes: [["  await git.clearLeft();", "  if (git) return 0;\n  await git.clearLeft();"]],
  },
  {
    name: "secret-in-log",
    file: "listen.ts",
    changes: [
      ["log.info({ delivery: id, event,", "log.info({ hook: config.github.webhookSecret, delivery: id, event,"],
    ],
  },
];
