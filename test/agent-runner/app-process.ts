import { createRunner, type RunRequest } from "../../src/agent-runner/index.ts";

/** A process that does one run and prints what it hears: for tests that kill it, or run it as somebody else. */
const request = JSON.parse(process.argv[2] ?? "{}") as RunRequest;
const outcome = await createRunner().run(request, {
  signal: new AbortController().signal,
  onPhase: () => {},
  onOutput: (lines) => console.log(lines.join("\n")),
  onEvents: () => {},
});
console.log(JSON.stringify(outcome));
