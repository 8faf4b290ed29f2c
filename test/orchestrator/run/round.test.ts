import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aThread, branch, context, feedbackOf, type RoundBench, roundBench, startFiles } from "./round-bench.ts";

let world: RoundBench;
beforeAll(async () => {
  world = await roundBench();
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const four = [1, 2, 3, 4].map((n) => aThread(`thread-${n}`));
const fixIt = "sed -i s/one/ONE/ greet.txt";

describe("a round over feedback", () => {
  it("begins at our branch as the remote has it, answers every kind of answer, and makes one commit on top", async () => {
    const theirs = await world.bench.pushes(branch, { ...world.started, "people.txt": "theirs\n" }, [world.startSha]);
    const conducted = await world.conduct(
      `grep -q theirs people.txt || exit 1
       ${fixIt}
       answers '[{"id":"thread-1","answer":"fixed","text":"Greets in capitals."},
         {"id":"thread-2","answer":"declined","text":"It is so on purpose."},
         {"id":"thread-3","answer":"question","text":"Which language?"},
         {"id":"thread-4","answer":"duplicate","of":"thread-1","text":""},
         {"id":"comment-9","answer":"fixed","text":"nobody asked"},
         {"id":"thread-99","answer":"fixed","text":"there is no such item"}]' '"title":"Greet louder"'`,
      world.orderFor({ items: [...four, context] }),
    );
    const { outcome } = conducted;
    expect(outcome).toMatchObject({ kind: "changed", parent: theirs, baseSha: world.bench.baseSha });
    expect(feedbackOf(outcome)).toEqual({
      items: [...four, context],
      answers: [
        { item: "thread-1", kind: "fixed", text: "Greets in capitals." },
        { item: "thread-2", kind: "declined", text: "It is so on purpose." },
        { item: "thread-3", kind: "question", text: "Which language?" },
        { item: "thread-4", kind: "duplicate", text: "", of: "thread-1" },
      ],
      round: 2,
      resolve: "bots",
      verification: "not_red",
      lines: [{ path: "greet.txt", removed: ["one"], added: ["ONE"] }],
    });
    expect(world.prompts()).toHaveLength(1);
    const done = await world.push(conducted, world.orderFor());
    const head = (await world.headOf(branch)) ?? "";
    expect(done.event).toMatchObject({ type: "branch_pushed", headSha: head });
    expect(await world.remote("show", "-s", "--format=%P %s", head)).toBe(`${theirs} Greet louder`);
    expect(await world.remote("diff", "--name-only", theirs, head)).toBe("greet.txt");
    expect(world.leftovers()).toEqual([]);
  });

  it("tells the agent the base branch's instructions, never the branch's own", async () => {
    await world.conduct(`answers '[{"id":"thread-1","answer":"question","text":"Why?"}]'`, world.orderFor());
    expect(world.prompts()[0]).toContain("Instructions of the base.");
    expect(world.prompts()[0]).not.toContain("Instructions of the branch.");
  });

  it("that changes nothing ends with its answers", async () => {
    const answers = `answers '[{"id":"thread-1","answer":"declined","text":"No."}]'`;
    const { outcome, bundle } = await world.conduct(answers, world.orderFor());
    expect(bundle).toBeUndefined();
    expect(outcome).toMatchObject({ kind: "answered", feedback: { lines: [], verification: "not_red", round: 2 } });
    expect(feedbackOf(outcome)?.answers).toEqual([{ item: "thread-1", kind: "declined", text: "No." }]);
  });

  it("sends the agent back to its own tree once for what it left out, and what it said before stands", async () => {
    const { outcome } = await world.conduct(
      `if grep -q "still need an answer" "$PROMPT"; then
         grep -q ONE greet.txt || exit 1
         answers '[{"id":"thread-2","answer":"declined","text":"No."}]'
       else
         ${fixIt}; answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]' '"summary":"Louder."'
       fi`,
      world.orderFor({ items: four.slice(0, 2) }),
    );
    expect(outcome).toMatchObject({ kind: "changed", report: { summary: "Louder." } });
    expect(feedbackOf(outcome)?.answers).toEqual([
      { item: "thread-1", kind: "fixed", text: "Done." },
      { item: "thread-2", kind: "declined", text: "No." },
    ]);
    const [first, second] = world.prompts();
    expect(first).not.toContain("Your last try");
    expect(second).toContain("thread-1: fixed. Done.");
    expect(second).toMatch(/still need an answer[\s\S]*- `thread-2`: it has no answer/);
  });

  it("asks once and no more; what is still left out stays without an answer", async () => {
    const { outcome } = await world.conduct(
      `${fixIt}; answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'`,
      world.orderFor({ items: four.slice(0, 2) }),
    );
    expect(world.prompts()).toHaveLength(2);
    expect(feedbackOf(outcome)?.answers).toEqual([{ item: "thread-1", kind: "fixed", text: "Done." }]);
  });

  it("takes no claim of a fix for an answer when nothing was changed", async () => {
    const { outcome } = await world.conduct(
      `answers '[{"id":"thread-1","answer":"fixed","text":"Done, honestly."},
                 {"id":"thread-2","answer":"duplicate","of":"thread-1"}]'`,
      world.orderFor({ items: four.slice(0, 2) }),
    );
    expect(world.prompts()).toHaveLength(2);
    expect(world.prompts()[1]).toContain("no file differs from the newest commit");
    expect(outcome).toMatchObject({ kind: "answered" });
    expect(feedbackOf(outcome)?.answers).toEqual([
      { item: "thread-1", kind: "person", text: expect.stringMatching(/says that this is fixed, but/) },
      { item: "thread-2", kind: "person", text: expect.stringMatching(/repeats something/) },
    ]);
  });

  it("takes a change that was taken back for no change", async () => {
    const { outcome } = await world.conduct(
      `if grep -q "still need" "$PROMPT"; then git checkout -q ${branch} -- . ; git reset -q --hard; sed -i s/ONE/one/ greet.txt
       else ${fixIt}; answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'; fi`,
      world.orderFor({ items: four.slice(0, 2) }),
    );
    expect(outcome).toMatchObject({ kind: "answered" });
    expect(feedbackOf(outcome)?.answers).toMatchObject([{ item: "thread-1", kind: "person" }]);
  });

  it("keeps finished work when the agent comes to grief over the answers it left out", async () => {
    const { outcome } = await world.conduct(
      `grep -q "still need" "$PROMPT" && exit 3
       ${fixIt}; answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'`,
      world.orderFor({ items: four.slice(0, 2) }),
    );
    expect(world.prompts()).toHaveLength(2);
    expect(outcome).toMatchObject({ kind: "changed", parent: world.startSha });
    expect(feedbackOf(outcome)?.answers).toEqual([{ item: "thread-1", kind: "fixed", text: "Done." }]);
  });

  it("asks again for a result file that cannot be read, and says what was wrong", async () => {
    const broken = `grep -q "still need" "$PROMPT" || { echo '{broken' > "$BATON_RESULT"; exit 0; }`;
    const { outcome } = await world.conduct(
      `${broken}; answers '[{"id":"thread-1","answer":"declined","text":"No."}]'`,
      world.orderFor(),
    );
    expect(world.prompts()[1]).toContain("not JSON");
    expect(feedbackOf(outcome)?.answers).toEqual([{ item: "thread-1", kind: "declined", text: "No." }]);
    const never = await world.conduct(`echo '{broken' > "$BATON_RESULT"`, world.orderFor());
    expect(never.outcome).toMatchObject({ kind: "failed", class: "bad_result" });
    expect(world.prompts()).toHaveLength(2);
  });

  it("answers while its work is red, which it says; a red try costs no answers", async () => {
    const policy = { verify: { run: ["grep -q TWO greet.txt"], attempts: 1 } };
    const { outcome } = await world.conduct(
      `grep -q "Last attempt" "$PROMPT" || { ${fixIt}; answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'; }`,
      world.orderFor({ policy }),
    );
    expect(world.prompts()).toHaveLength(2);
    expect(world.prompts()[1]).toContain("thread-1: fixed. Done.");
    expect(outcome).toMatchObject({ kind: "changed", report: { verification: { kind: "failed", attempts: 2 } } });
    expect(feedbackOf(outcome)).toMatchObject({ verification: "red", answers: [{ item: "thread-1", kind: "fixed" }] });
  });

  it("is sent back for answers and for a red verification, each within its own bound", async () => {
    const policy = { verify: { run: ["grep -q TWO greet.txt"], attempts: 1 } };
    const { outcome } = await world.conduct(
      `if grep -q "Last attempt" "$PROMPT"; then sed -i s/two/TWO/ greet.txt
       elif grep -q "still need" "$PROMPT"; then answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'
       else ${fixIt}; fi`,
      world.orderFor({ policy }),
    );
    expect(world.prompts()).toHaveLength(3);
    expect(outcome).toMatchObject({ kind: "changed", report: { verification: { kind: "passed" } } });
    expect(feedbackOf(outcome)).toMatchObject({ verification: "not_red", answers: [{ kind: "fixed" }] });
  });

  it("does not ask for the same answers again with every red try", async () => {
    const policy = { verify: { run: ["false"], attempts: 1 } };
    const { outcome } = await world.conduct(`date +%N > ours.txt; ${fixIt}`, world.orderFor({ policy }));
    expect(world.prompts()).toHaveLength(3);
    expect(feedbackOf(outcome)).toMatchObject({ verification: "red", answers: [] });
  });

  it("is a question as a whole when the agent cannot go on with any of it", async () => {
    const { outcome } = await world.conduct(
      `${fixIt}; answers '[]' '"question":"Which of you is right?"'`,
      world.orderFor(),
    );
    expect(outcome).toMatchObject({ kind: "question", question: "Which of you is right?" });
    expect(world.prompts()).toHaveLength(1);
  });

  it("is judged against the head it began at: what people did to protected paths is theirs", async () => {
    const theirs = { ...world.started, "guarded/people.txt": "theirs\n" };
    await world.bench.pushes(branch, theirs, [world.startSha]);
    const policy = { protect: { deny: ["guarded/**"], hold: [], flag: [] } };
    const answer = `answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'`;
    const fine = await world.conduct(`${fixIt}; ${answer}`, world.orderFor({ policy }));
    expect(fine.outcome).toMatchObject({ kind: "changed", report: { changedFiles: 1 } });
    const touched = await world.conduct(`echo x > guarded/people.txt; ${answer}`, world.orderFor({ policy }));
    expect(touched.outcome).toMatchObject({ kind: "gate", reasons: [expect.stringContaining("guarded/people.txt")] });
  });

  it("cannot be when our branch is gone from the remote", async () => {
    await world.remote("update-ref", "-d", `refs/heads/${branch}`);
    const { outcome } = await world.conduct("exit 0", world.orderFor());
    expect(outcome).toMatchObject({
      kind: "failed",
      class: "repository_unreadable",
      detail: expect.stringMatching(/agent\/issue-7` .*gone/),
    });
    expect(world.prompts()).toEqual([]);
  });

  it("hands over what earlier rounds answered", async () => {
    const row = {
      item: "thread-0",
      version: "2026-03-01T09:00:00Z#1",
      surface: "thread",
      by: { id: 1, login: "tim", type: "User" },
      from: "person",
      excerpt: "Too loud.",
      path: "greet.txt",
      answer: { kind: "declined", reason: "It is a greeting." },
      run: "r",
      round: 1,
      closed: false,
    } as const;
    const { outcome } = await world.conduct(
      `answers '[{"id":"thread-1","answer":"duplicate","of":"thread-0"}]'`,
      world.orderFor({ earlier: [row] }),
    );
    expect(world.prompts()[0]).toContain(
      'Round 1, thread-0 by tim on greet.txt: "Too loud." – declined. It is a greeting.',
    );
    expect(feedbackOf(outcome)?.answers).toEqual([{ item: "thread-1", kind: "duplicate", of: "thread-0", text: "" }]);
  });
});

describe("an implementation run", () => {
  it("asks for no answers, begins at the base, and has no parent of its own", async () => {
    const {
      items: _items,
      earlier: _earlier,
      round: _round,
      pullRequest: _number,
      ...rest
    } = world.orderFor() as never as Record<string, unknown>;
    const order = { ...rest, purpose: "implement", branch: "agent/issue-8", parent: undefined } as never;
    const { outcome } = await world.conduct(`test -e ours.txt && exit 1; ${fixIt}`, order);
    expect(outcome).toMatchObject({ kind: "changed", parent: undefined, baseSha: world.bench.baseSha });
    expect(feedbackOf(outcome)).toBeUndefined();
    expect(world.prompts()[0]).not.toContain("feedback");
    expect(Object.keys(startFiles)).toContain("greet.txt");
    const nothing = await world.conduct("exit 0", order);
    expect(nothing.outcome).toEqual({ kind: "no_change", reason: expect.stringMatching(/changed nothing/) });
  });
});
