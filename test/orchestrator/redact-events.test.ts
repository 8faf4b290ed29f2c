import { expect, it } from "vitest";
import { redactor } from "../../src/agent-runner/index.ts";
import { redactEvents } from "../../src/orchestrator/redact-events.ts";

const secret = "correct-horse-battery";
const said = (k: string, delta: string) => ({ at: 1, k, delta });

it("finds a secret that is cut between two batches, and keeps the order of what is said, thought and done", () => {
  const steps = redactEvents(redactor([secret]));
  const kept = [
    ...steps.push([said("thought", "Hm."), said("text", `The key is ${secret.slice(0, 9)}`)]),
    ...steps.push([said("text", `${secret.slice(9)}, I think.`)]),
    ...steps.push([{ at: 2, k: "tool", title: `echo ${secret}` } as never]),
    ...steps.push([said("text", "Done.")]),
    ...steps.rest(),
  ];
  const spoken = kept.map((event) => ("delta" in event ? event.delta : JSON.stringify(event)));
  expect(JSON.stringify(kept)).not.toContain("horse");
  expect(spoken.join("|").replaceAll(/(?<=[^.}])\|/g, "")).toBe(
    'Hm.|The key is [redacted], I think.|{"at":2,"k":"tool","title":"echo [redacted]"}|Done.',
  );
});
