import { describe, expect, it } from "vitest";
import { open, type Said, talk, type Wire, wires } from "./talk.ts";

const twoSteps = {
  scripts: [{ turns: [{ say: "First.", run: "one" }, { run: ["two", "three"] }, { done: "That is all." }] }],
};

const commands = ({ calls }: Said) => calls.map(({ arguments: values }) => (values as { command: string }).command);

describe.each(wires)("a conversation over %s", (wire: Wire) => {
  it("takes one turn after the other", async () => {
    const model = await open({ script: twoSteps });
    const conversation = talk(model, { wire });
    const first = await conversation.ask();
    expect([first.text, commands(first)]).toEqual(["First.", ["one"]]);
    const second = await conversation.next(first);
    expect([second.text, commands(second)]).toEqual([undefined, ["two", "three"]]);
    expect(await conversation.next(second)).toMatchObject({ text: "That is all.", calls: [] });
    expect(model.requests.map(({ turn }) => turn?.position)).toEqual([0, 1, 2]);
    expect(model.problems).toEqual([]);
  });

  it("gets the same turn for the same request, however often", async () => {
    const conversation = talk(await open({ script: twoSteps }), { wire });
    await conversation.ask();
    const first = await conversation.ask();
    expect(commands(first)).toEqual(["one"]);
    const second = await conversation.next(first);
    expect(commands(second)).toEqual(["two", "three"]);
    expect(commands(await conversation.ask())).toEqual(["two", "three"]);
  });

  it("does not lose its place when the agent keeps words that came before a cut", async () => {
    const conversation = talk(await open({ script: twoSteps }), { wire });
    const first = await conversation.ask();
    const again = await conversation.next({ ...first, calls: [] });
    expect(commands(again)).toEqual(["one"]);
  });

  it("goes on beside others", async () => {
    const model = await open({ script: twoSteps });
    const ann = talk(model, { wire });
    const tim = talk(model, { wire });
    const [annFirst, timFirst] = await Promise.all([ann.ask(), tim.ask()]);
    const annSecond = await ann.next(annFirst);
    expect((await ann.next(annSecond)).text).toBe("That is all.");
    expect(commands(await tim.next(timFirst))).toEqual(["two", "three"]);
  });

  it("plays the script its last prompt asks for, from the beginning", async () => {
    const model = await open({
      script: {
        scripts: [
          { name: "review", when: ["invoices", "review"], turns: [{ run: "review" }, { done: "Reviewed." }] },
          { name: "work", when: "invoices", turns: [{ run: "work" }, { done: "Worked." }] },
          { name: "others", turns: [{ done: "Nothing for me." }] },
        ],
      },
    });
    const conversation = talk(model, { wire, prompt: "Fix the invoices" });
    const worked = await conversation.next(await conversation.ask());
    expect(worked.text).toBe("Worked.");
    conversation.prompt("A review of the invoices came in");
    const review = await conversation.next(worked);
    expect(commands(review)).toEqual(["review"]);
    expect((await conversation.next(review)).text).toBe("Reviewed.");
    expect((await talk(model, { wire, prompt: "Good morning" }).ask()).text).toBe("Nothing for me.");
    expect(model.requests.map(({ turn }) => [turn?.script, turn?.position])).toEqual([
      ["work", 0],
      ["work", 1],
      ["review", 0],
      ["review", 1],
      ["others", 0],
    ]);
  });

  it("uses no call id twice, so that a second round cannot be taken for the first", async () => {
    const conversation = talk(await open({ script: twoSteps }), { wire });
    const first = await conversation.ask();
    const second = await conversation.next(first);
    const last = await conversation.next(second);
    conversation.prompt("Once more.");
    const anew = await conversation.next(last);
    expect(commands(anew)).toEqual(["one"]);
    const ids = [first, second, anew].flatMap(({ calls }) => calls.map(({ id }) => id));
    expect(new Set(ids).size).toBe(4);
  });

  it("is told what was captured from its prompt", async () => {
    const script = {
      scripts: [
        {
          capture: { file: "^Result: (\\S+)$", number: "#\\d+" },
          turns: [
            { say: "On {{number}}.", run: "touch {{file}} && echo {{file}} $x" },
            { done: "{{number}} is done." },
          ],
        },
      ],
    };
    const conversation = talk(await open({ script }), { wire, prompt: "Fix #12.\nResult: /run/$&.json\nThanks" });
    const said = await conversation.ask();
    expect([said.text, commands(said)]).toEqual(["On #12.", ["touch /run/$&.json && echo /run/$&.json $x"]]);
    expect((await conversation.next(said)).text).toBe("#12 is done.");
  });

  it("costs a thousand tokens more every turn, or what the turn says", async () => {
    const script = {
      scripts: [{ turns: [{ run: "a", usage: { input: 7, output: 2 } }, { run: "b" }, { done: "c" }] }],
    };
    const conversation = talk(await open({ script }), { wire });
    const first = await conversation.ask();
    const second = await conversation.next(first);
    const third = await conversation.next(second);
    expect([first, second, third].map(({ usage }) => usage)).toEqual([
      { input: 7, cached: 0, output: 2 },
      { input: 2000, cached: 1000, output: 100 },
      { input: 3000, cached: 2000, output: 100 },
    ]);
  });

  it("loses no turn to a request without tools", async () => {
    const model = await open({ script: { ...twoSteps, aside: "Boats" } });
    const aside = await talk(model, { wire, tools: "none" }).ask();
    expect(aside).toMatchObject({ text: "Boats", calls: [] });
    expect(commands(await talk(model, { wire }).ask())).toEqual(["one"]);
    expect(model.requests.map(({ turn }) => turn?.position)).toEqual([undefined, 0]);
  });
});

describe("what a script forgot is told to the agent, and to the test", () => {
  it.each([
    [
      "a prompt that is for no script",
      { scripts: [{ when: "boats", turns: [{ done: "x" }] }] },
      "no script for the prompt",
    ],
    [
      "a prompt without what is captured",
      { scripts: [{ capture: { n: "#\\d" }, turns: [{ done: "{{n}}" }] }] },
      "{{n}}",
    ],
  ])("%s", async (_, script, reason) => {
    const model = await open({ script });
    await expect(talk(model, { wire: "chat" }).ask()).rejects.toThrow(/^400 .*The scripted model: /);
    expect(model.problems).toEqual([expect.stringContaining(reason)]);
  });

  it("an agent that goes on after the last turn", async () => {
    const model = await open({ script: { scripts: [{ turns: [{ run: "a" }, { done: "b" }] }] } });
    const conversation = talk(model, { wire: "responses" });
    const first = await conversation.ask();
    await conversation.next(first);
    const beyond = { ...first, calls: first.calls.map((call) => ({ ...call, id: call.id.replace("_t0_", "_t1_") })) };
    await expect(conversation.next(beyond)).rejects.toThrow("400");
    expect(model.problems).toEqual(["scripts[0] has 2 turns and is asked for one more"]);
  });

  it("a request that goes nowhere", async () => {
    const model = await open({ script: twoSteps });
    const answer = await fetch(`${model.baseUrl}/models?all`);
    expect(answer.status).toBe(404);
    expect(model.problems).toEqual(["no route GET /v1/models?all"]);
    expect(model.requests).toMatchObject([{ method: "GET", path: "/v1/models?all", status: 404 }]);
  });
});

describe("every request is written down", () => {
  it("with its path, its key, its body and its status", async () => {
    const model = await open({ script: twoSteps });
    await talk(model, { wire: "responses", prompt: "Hello" }).ask();
    expect(model.requests).toEqual([
      {
        method: "POST",
        path: "/v1/responses",
        headers: expect.objectContaining({ authorization: "Bearer a-key" }),
        body: expect.objectContaining({ model: "scripted", input: [{ role: "user", content: "Hello" }] }),
        status: 200,
        state: "answered",
        turn: { script: "scripts[0]", position: 0 },
        fault: undefined,
      },
    ]);
  });
});
