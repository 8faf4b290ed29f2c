import { describe, expect, it } from "vitest";
import { events, open, post, talk, type Wired } from "./talk.ts";

const script = {
  scripts: [{ turns: [{ say: "I will look around first, then act.", run: ["ls", "date"] }, { done: "Done." }] }],
};

describe("a Chat Completions stream", () => {
  it("begins with the role, tells why it ends and what it cost, and says that it is over", async () => {
    const all = events(await (await talk(await open({ script }), { wire: "chat" }).raw()).text());
    expect(all.at(-1)).toBe("[DONE]");
    const chunks = all.slice(0, -1);
    for (const chunk of chunks)
      expect(chunk).toMatchObject({ object: "chat.completion.chunk", id: chunks[0].id, model: "scripted" });
    expect(chunks[0].choices).toEqual([
      { index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null },
    ]);
    expect(chunks.at(-2).choices[0]).toMatchObject({ delta: {}, finish_reason: "tool_calls" });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 1000,
        completion_tokens: 100,
        total_tokens: 1100,
        prompt_tokens_details: { cached_tokens: 0 },
      },
    });
  });

  it("brings words and calls in pieces, every call at its index", async () => {
    const all = events(await (await talk(await open({ script }), { wire: "chat" }).raw()).text());
    const deltas = all.flatMap((chunk) => (chunk.choices?.[0] ? [chunk.choices[0].delta] : []));
    const words = deltas.flatMap(({ content }) => (content ? [content] : []));
    expect(words.length).toBeGreaterThan(1);
    expect(words.join("")).toBe("I will look around first, then act.");
    const parts: Wired[] = deltas.flatMap((delta) => delta.tool_calls ?? []);
    for (const [index, command] of ["ls", "date"].entries()) {
      const [begun, ...grown] = parts.filter((part) => part.index === index);
      expect(begun).toMatchObject({ type: "function", function: { name: "bash", arguments: "" } });
      for (const part of grown) expect(Object.keys(part)).toEqual(["index", "function"]);
      expect(JSON.parse(grown.map((part) => part.function.arguments).join("")).command).toBe(command);
    }
  });

  it("says what it cost only to who asks", async () => {
    const model = await open({ script });
    const body = { model: "m", stream: true, messages: [{ role: "user", content: "A title" }] };
    const all = events(await (await post(model, "/chat/completions", body)).text());
    expect(all.filter((chunk) => chunk.usage)).toEqual([]);
    expect(all.at(-2).choices[0].finish_reason).toBe("stop");
  });
});

describe("a whole Chat Completions answer", () => {
  it("is one message with its calls and its price", async () => {
    const response = await talk(await open({ script }), { wire: "chat", wants: "whole" }).raw();
    expect(response.headers.get("content-type")).toBe("application/json");
    const body = (await response.json()) as Wired;
    expect(body).toMatchObject({
      object: "chat.completion",
      model: "scripted",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: "I will look around first, then act.",
            tool_calls: [
              { type: "function", function: { name: "bash" } },
              { type: "function", function: { name: "bash" } },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
    });
  });

  it("without a call has none, and stops", async () => {
    const conversation = talk(await open({ script }), { wire: "chat", wants: "whole" });
    await conversation.next(await conversation.ask());
    const { choices } = (await (await conversation.raw()).json()) as Wired;
    expect(choices[0].finish_reason).toBe("stop");
    expect(choices[0].message).toEqual({ role: "assistant", content: "Done.", refusal: null });
  });
});
