import { expect, it } from "vitest";
import { openGateway } from "../../../src/agent-runner/gateway/gateway.ts";
import { canary } from "./house.ts";
import { begin, call } from "./run-client.ts";
import { openProvider, responsesStream, streams } from "./scripted-provider.ts";

it("a closed gateway leaves no socket behind, whatever was going on", async () => {
  const before = sockets();
  const scripted = await openProvider();
  const gateway = await openGateway();
  const provider = { api: "openai-responses", baseUrl: scripted.baseUrl, key: canary } as const;
  const admit = () => gateway.admit({ provider, caps: { requests: 9, tokens: 9000 }, idleMs: 30_000 });
  const [finished, waiting, sending] = [admit(), admit(), admit()];
  scripted.answers(
    () => {},
    (res) => void res.writeHead(200).write("data: "),
    streams(responsesStream),
  );
  const cut = [call(waiting), call(waiting)].map((one) => one.catch(() => "cut"));
  await expect.poll(() => scripted.seen.length).toBe(2);
  // Its connection is kept for the next one.
  await call(finished);
  const { req } = begin(sending);
  req.write("{");
  await gateway.close();
  await Promise.all(cut);
  await expect.poll(() => scripted.sockets()).toBe(0);
  await scripted.close();
  await expect.poll(sockets).toBe(before);
});

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
}
