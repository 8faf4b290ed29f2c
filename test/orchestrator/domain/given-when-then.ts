import { expect } from "vitest";
import { decide } from "../../../src/orchestrator/domain/decide.ts";
import type { Effect } from "../../../src/orchestrator/domain/effect.ts";
import type { Event } from "../../../src/orchestrator/domain/event.ts";
import type { Task } from "../../../src/orchestrator/domain/task.ts";

/** Domain specs read `given(task).when(event).then(changes, effects)`. */
export function given(task: Task) {
  return {
    when(event: Event) {
      const decision = decide(task, event);
      return {
        // biome-ignore lint/suspicious/noThenProperty: specs read given-when-then; nobody awaits them
        then(changes: Partial<Task>, effects: readonly Partial<Effect>[]): Task {
          if (decision.kind === "ignored") throw new Error(`Ignored: ${decision.reason}`);
          expect(decision.task).toMatchObject(changes);
          expect(decision.effects.map((effect) => effect.type)).toEqual(effects.map((effect) => effect.type));
          expect(decision.effects).toMatchObject(effects);
          return decision.task;
        },
        thenNothingHappens(reason: string): void {
          expect(decision).toEqual({ kind: "ignored", reason });
        },
      };
    },
  };
}
