import { describe, expect, it } from "vitest";
import { events, open, post, talk, type Wired } from "./talk.ts";

const script = {
  scripts: [
    {
      turns: [
        { say: "I will look around, and then I will see what can be done.", run: ["ls", "git status"] },
        { done: `Did${"🎉".repeat(40)}!` },
      ],
    },
  ],
};

async function streamed(turn: 0 | 1): Promise<readonly Wired[]> {
  const model = await open({ script });
  const conversation = talk(model, { wire: "responses" });
  if (turn === 1) {
    const said = await conversation.ask();
    await conversation.next(said);
  }
  const response = await conversation.raw();
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  return events(await response.text());
}

describe("a Responses stream", () => {
  it("is numbered, begins with what was created and ends with what was completed", async () => {
    const all = await streamed(0);
    expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, index) => index));
    expect(all.slice(0, 2).map(({ type }) => type)).toEqual(["response.created", "response.in_progress"]);
    expect(all[0].response).toMatchObject({ status: "in_progress", output: [], usage: null, model: "scripted" });
    expect(all.at(-1)).toMatchObject({
      type: "response.completed",
      response: {
        id: all[0].response.id,
        status: "completed",
        usage: {
          input_tokens: 1000,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: 100,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 1100,
        },
      },
    });
  });

  it("says of every event in its frame what its data say", async () => {
    const model = await open({ script });
    const text = await (await talk(model, { wire: "responses" }).raw()).text();
    const frames = text.split("\n\n").filter((frame) => frame !== "");
    expect(frames.length).toBeGreaterThan(10);
    for (const frame of frames) {
      const [event, data, ...rest] = frame.split("\n");
      expect(rest).toEqual([]);
      expect(event).toBe(`event: ${JSON.parse(data?.slice("data: ".length) ?? "").type}`);
    }
  });

  it("lets a message grow in pieces", async () => {
    const item = (await streamed(0)).filter(({ output_index }) => output_index === 0);
    expect(shape(item)).toEqual([
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
    ]);
    const text = "I will look around, and then I will see what can be done.";
    const deltas = item.filter(({ type }) => type === "response.output_text.delta");
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map(({ delta }) => delta).join("")).toBe(text);
    expect(item[0].item).toMatchObject({ type: "message", role: "assistant", status: "in_progress", content: [] });
    expect(item.at(-1).item).toMatchObject({
      id: item[0].item.id,
      status: "completed",
      content: [{ type: "output_text", text, annotations: [] }],
    });
    for (const event of item.slice(1, -1)) expect(event).toMatchObject({ item_id: item[0].item.id, content_index: 0 });
  });

  it("lets every call grow by itself, and holds them all in the end", async () => {
    const all = await streamed(0);
    const calls = [1, 2].map((index) => all.filter(({ output_index }) => output_index === index));
    const commands = calls.map((item) => {
      expect(shape(item)).toEqual([
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
      ]);
      const json = item.at(-1).item.arguments;
      const deltas = item.filter(({ type }) => type.endsWith("arguments.delta")).map(({ delta }) => delta);
      expect(deltas.join("")).toBe(json);
      expect(item[0].item).toMatchObject({ status: "in_progress", arguments: "", name: "bash" });
      expect(item[0].item.call_id).toBe(item.at(-1).item.call_id);
      return JSON.parse(json).command;
    });
    expect(commands).toEqual(["ls", "git status"]);
    const { output } = all.at(-1).response;
    expect(output).toEqual(all.filter(({ type }) => type.endsWith("item.done")).map(({ item }) => item));
    expect(new Set(output.map(({ id }: Wired) => id)).size).toBe(3);
  });

  it("tears no character apart", async () => {
    const all = await streamed(1);
    const deltas = all.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta);
    expect(deltas.length).toBeGreaterThan(1);
    for (const delta of deltas) expect(delta.isWellFormed()).toBe(true);
    expect(deltas.join("")).toBe(`Did${"🎉".repeat(40)}!`);
  });
});

describe("a whole Responses answer", () => {
  it("is what the stream ends with", async () => {
    const model = await open({ script });
    const response = await talk(model, { wire: "responses", wants: "whole" }).raw();
    expect(response.headers.get("content-type")).toBe("application/json");
    const last = (await streamed(0)).at(-1).response;
    expect(await response.json()).toEqual(last);
  });
});

describe("a Responses request", () => {
  it("may have a text for its input", async () => {
    const model = await open({ script });
    const answer = await post(model, "/responses", { model: "m", input: "A title for this, please" });
    expect((await answer.json()) as Wired).toMatchObject({ output: [{ content: [{ text: "A title" }] }] });
  });

  it("that cannot be read is refused, and noted", async () => {
    const model = await open({ script });
    const answer = await post(model, "/responses", { model: "m", input: 7 });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as Wired).error).toMatchObject({ type: "invalid_request_error" });
    await post(model, "/responses", "no json");
    expect(model.problems).toEqual([expect.stringContaining("input"), expect.stringContaining("expected object")]);
    expect(model.requests[1]).toMatchObject({ body: "no json", status: 400 });
  });
});

/** The kinds of events, without their repetitions. */
function shape(all: readonly Wired[]): readonly string[] {
  const types = all.map(({ type }) => type.replace("response.", ""));
  return types.filter((type, index) => type !== types[index - 1]);
}
