import { describe, expect, test } from "vitest";
import { createPacing } from "../../src/github/pacing.ts";
import { failureOf, manualClock } from "./support.ts";

const done = async () => {};

describe("writes of one installation", () => {
  test("go out ten at once after a quiet time, and then one a second", async () => {
    const { clock, slept } = manualClock();
    const pacing = createPacing(clock);
    for (let count = 0; count < 10; count += 1) await pacing.write(1, done);
    expect(slept).toEqual([]);
    for (let count = 0; count < 3; count += 1) await pacing.write(1, done);
    expect(slept).toEqual([1000, 1000, 1000]);
  });

  test("get their burst back at one a second", async () => {
    const { clock, slept, passes } = manualClock();
    const pacing = createPacing(clock);
    for (let count = 0; count < 10; count += 1) await pacing.write(1, done);
    passes(4_000);
    for (let count = 0; count < 4; count += 1) await pacing.write(1, done);
    expect(slept).toEqual([]);
    await pacing.write(1, done);
    expect(slept).toEqual([1000]);
  });

  test("never overlap and keep their order, while another installation goes ahead", async () => {
    const pacing = createPacing(manualClock().clock);
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const writes = [
      pacing.write(1, async () => {
        seen.push("first starts");
        started.resolve();
        await first.promise;
        seen.push("first ends");
      }),
      pacing.write(1, async () => void seen.push("second")),
    ];
    await started.promise;
    await pacing.write(2, async () => void seen.push("elsewhere"));
    first.resolve();
    await Promise.all(writes);
    expect(seen).toEqual(["first starts", "elsewhere", "first ends", "second"]);
  });

  test("that already wait when a pause begins are not sent", async () => {
    const { clock, passes } = manualClock();
    const pacing = createPacing(clock);
    const sent: string[] = [];
    const first = pacing.write(1, () => pacing.pause(1, clock.now() + 60_000));
    const second = failureOf(pacing.write(1, async () => sent.push("during the pause")));
    await first;
    expect((await second).code).toBe("rate_limited");
    expect(sent).toEqual([]);
    passes(60_000);
    await pacing.write(1, async () => sent.push("after it"));
    expect(sent).toEqual(["after it"]);
  });

  test("that wait for their second when a pause begins are not sent either", async () => {
    const { clock } = manualClock();
    const sent: string[] = [];
    const sleep = async (milliseconds: number) => {
      await clock.sleep(milliseconds);
      await pacing.pause(1, clock.now() + 60_000);
    };
    const pacing = createPacing({ now: clock.now, sleep });
    for (let count = 0; count < 10; count += 1) await pacing.write(1, done);
    expect((await failureOf(pacing.write(1, async () => sent.push("too late")))).code).toBe("rate_limited");
    expect(sent).toEqual([]);
  });

  test("that a pause refused do not use up the burst", async () => {
    const { clock, slept, passes } = manualClock();
    const pacing = createPacing(clock);
    await pacing.pause(1, clock.now() + 1);
    for (let count = 0; count < 20; count += 1) await failureOf(pacing.write(1, done));
    passes(1);
    for (let count = 0; count < 10; count += 1) await pacing.write(1, done);
    expect(slept).toEqual([]);
  });

  test("go on after one that failed", async () => {
    const pacing = createPacing(manualClock().clock);
    const broken = async () => {
      throw new Error("broken");
    };
    await expect(pacing.write(1, broken)).rejects.toThrow("broken");
    expect(await pacing.write(1, async () => "fine")).toBe("fine");
  });
});

test("a shorter pause does not cut a longer one short", async () => {
  const { clock, passes } = manualClock();
  const pacing = createPacing(clock);
  await pacing.pause(1, clock.now() + 100_000);
  await pacing.pause(1, clock.now() + 10_000);
  passes(50_000);
  await expect(pacing.refuseWhilePaused(1)).rejects.toThrow("asked this installation to wait");
  passes(50_000);
  await pacing.refuseWhilePaused(1);
});
