import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMeter } from "../../../src/agent-runner/gateway/answer-meter.ts";
import { heapInUse } from "./heap.ts";
import { useHouse } from "./house.ts";
import { call, errorOf } from "./run-client.ts";
import {
  breaksOff,
  chatJson,
  chatStart,
  chatStream,
  completed,
  counted,
  data,
  event,
  eventStream,
  json,
  responsesJson,
  responsesStream,
  responsesUsage,
  started,
  streams,
} from "./scripted-provider.ts";

const house = useHouse();
const chat = "/v1/chat/completions";

describe("tokens are those the provider tells", () => {
  it.each([
    ["openai-responses", "streamed", streams(responsesStream)],
    ["openai-responses", "in one piece", json(responsesJson)],
    ["openai-chat", "streamed", streams(chatStream)],
    ["openai-chat", "in one piece", json(chatJson)],
  ] as const)("%s, %s", async (api, _form, answer) => {
    house.provider.answers(answer);
    const ticket = house.admit({ provider: { api } });
    const path = api === "openai-chat" ? chat : "/v1/responses";
    expect(await call(ticket, { path })).toMatchObject({ status: 200, cut: false });
    expect(ticket.usage()).toEqual({ requests: 1, failures: 0, ...counted });
    expect(ticket.trouble()).toBeUndefined();
  });

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as const)("an answer that comes as %s although none was asked for", async (encoding, compress) => {
    const headers = { ...eventStream, "content-encoding": encoding };
    house.provider.answers((res) => void res.writeHead(200, headers).end(compress(responsesStream)));
    const ticket = house.admit();
    const answer = await call(ticket);
    expect(answer.text).toBe(responsesStream);
    expect(answer.headers).not.toContain(encoding);
    expect(ticket.usage()).toMatchObject(counted);
  });

  it("are there as soon as the agent has the last event, though the provider goes on", async () => {
    let seen: unknown;
    const ticket = house.admit();
    house.provider.answers(async (res) => {
      res.writeHead(200, eventStream).write(responsesStream);
      await expect.poll(() => ticket.usage().output).toBe(counted.output);
      seen = ticket.usage();
      res.end(": bye\n\n");
    });
    await call(ticket);
    expect(seen).toEqual({ requests: 1, failures: 0, ...counted });
    expect(ticket.usage()).toEqual(seen);
  });

  it.each([
    ["failed", "failures", 1],
    ["incomplete", "failures", 1],
  ])("an answer that ended as %s counts too", async (status, _what, failures) => {
    const response = { status, usage: responsesUsage, error: { code: "server_error", message: "Sorry" } };
    house.provider.answers(streams(started + event({ type: `response.${status}`, response })));
    const ticket = house.admit();
    await call(ticket);
    expect(ticket.usage()).toEqual({ requests: 1, failures, ...counted });
  });

  it("nonsense is not counted, and cached input is never more than the input", () => {
    const read = (usage: unknown) => {
      const meter = createMeter("openai-responses", "json");
      meter.push(Buffer.from(JSON.stringify({ output: [], usage })));
      meter.end();
      return meter.read().tokens;
    };
    expect(read({ input_tokens: -5, output_tokens: 1 })).toBeUndefined();
    expect(read({ input_tokens: 1e300, output_tokens: 1 })).toBeUndefined();
    expect(read({ input_tokens: 1.5, output_tokens: 1 })).toBeUndefined();
    expect(read({ input_tokens: "7", output_tokens: 1 })).toBeUndefined();
    expect(read({ input_tokens: 7, output_tokens: 1, input_tokens_details: { cached_tokens: 9 } })).toEqual({
      input: 7,
      cachedInput: 7,
      output: 1,
    });
  });
});

describe("wherever a stream is cut into chunks", () => {
  const lineEnds = fc.constantFrom("\n", "\r\n", "\r");
  const cuts = fc.array(fc.nat(), { maxLength: 40 });
  const noise = fc.constantFrom("", ": ping\n\n", "id: 7\nretry: 5\n", "data:\n\n", "data: not json\n\n");

  it.each([
    ["openai-responses", responsesStream],
    ["openai-chat", chatStream],
  ] as const)("the counts of %s stay the same", (api, stream) => {
    fc.assert(
      fc.property(lineEnds, noise, cuts, (lineEnd, before, places) => {
        const meter = createMeter(api, "sse");
        for (const piece of pieces(Buffer.from((before + stream).replaceAll("\n", lineEnd)), places)) meter.push(piece);
        meter.end();
        expect(meter.read()).toEqual({ tokens: counted, verdict: "well", final: "yes" });
      }),
    );
  });

  it("data in several lines is one event, and the last event needs no empty line", () => {
    fc.assert(
      fc.property(lineEnds, cuts, (lineEnd, places) => {
        const lines = JSON.stringify(JSON.parse(completed.split("data: ")[1] ?? ""), undefined, 1).split("\n");
        const text = lines.map((line) => `data:${line}`).join(lineEnd);
        const meter = createMeter("openai-responses", "sse");
        for (const piece of pieces(Buffer.from(text), places)) meter.push(piece);
        meter.end();
        expect(meter.read().tokens).toEqual(counted);
      }),
    );
  });

  it.each([
    ["openai-responses", completed],
    ["openai-chat", chatStream],
  ] as const)("what comes after the end of %s changes nothing", (api, stream) => {
    const meter = createMeter(api, "sse");
    meter.push(Buffer.from(stream));
    const reading = meter.read();
    expect(reading).toEqual({ tokens: counted, verdict: "well", final: "yes" });
    for (const more of [data({ error: { message: "Sorry" } }), event({ type: "error" }), completed, chatStream]) {
      meter.push(Buffer.from(more.replaceAll("1200", "7")));
    }
    meter.end();
    expect(meter.read()).toEqual(reading);
  });

  it("an event too long to be read takes no memory and does not turn the answer into a failure", () => {
    const meter = createMeter("openai-responses", "sse");
    const mebibyte = Buffer.alloc(1 << 20, "x");
    const heap = heapInUse();
    meter.push(Buffer.from('data: {"type":"response.completed","response":{"filler":"'));
    for (let size = 0; size < 200; size += 1) meter.push(mebibyte);
    expect(heapInUse() - heap).toBeLessThan(40 << 20);
    meter.push(Buffer.from('"}}\n\ndata: {"type":"response.in_progress"}\n\n'));
    expect(meter.read().verdict).toBe("open");
    meter.end();
    expect(meter.read()).toMatchObject({ verdict: "well", tokens: undefined });
  });

  it("what stands in a text is no event", () => {
    const meter = createMeter("openai-responses", "sse");
    const words = `${completed}\n\n${completed}`;
    meter.push(Buffer.from(event({ type: "response.output_text.delta", delta: words })));
    meter.push(Buffer.from(`: ${completed.split("\n").join(" ")}\n\n`));
    meter.end();
    expect(meter.read()).toEqual({ tokens: undefined, verdict: "open", final: "no" });
  });
});

describe("what a chat request is asked to tell", () => {
  const sentFor = async (body: string) => {
    house.provider.answers(streams(chatStream));
    const ticket = house.admit({ provider: { api: "openai-chat" } });
    const answer = await call(ticket, { path: chat, body });
    return { answer, sent: house.provider.seen.at(-1)?.body ?? "" };
  };

  it.each([
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [' { "stream" : true , "x":1 } ', ' {"stream_options":{"include_usage":true}, "stream" : true , "x":1 } '],
    [
      '{"stream":true,"stream_options":{"include_usage":false,"include_obfuscation":true},"x":"ü"}',
      '{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":true},"x":"ü"}',
    ],
    ['{"stream_options":null,"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    [
      '{"stream_opt\\u0069ons":{"include_usage":false},"stream":true}',
      '{"stream_opt\\u0069ons":{"include_usage":true},"stream":true}',
    ],
  ])("%s also asks for the tokens", async (body, expected) => {
    expect((await sentFor(body)).sent).toBe(expected);
  });

  it.each(['{"stream":false}', '{"model":"m","messages":[{"stream":true}]}', '{"stream":null}', "{}"])(
    "%s goes as it is",
    async (body) => {
      expect((await sentFor(body)).sent).toBe(body);
    },
  );

  it.each([
    ["given twice", '{"stream":true,"stream":false}'],
    ["given twice in different letters", '{"stream":false,"STREAM":true}'],
    ["given twice with an escape", '{"stream":false,"str\\u0065am":true}'],
    ["a word", '{"stream":"true"}'],
    ["a number", '{"stream":1}'],
    ["options that are none", '{"stream":true,"stream_options":[1]}'],
    ["options too long to judge", `{"stream":true,"stream_options":{"a":"${"x".repeat(5000)}"}}`],
    ["options that are not JSON", '{"stream":true,"stream_options":{x}}'],
    ["no object", "[1]"],
    ["no JSON", "stream=true"],
    ["not complete", '{"stream":true'],
    ["more than one object", '{"stream":false}{"stream":true}'],
    ["nothing", ""],
  ])("a stream member that is %s is refused here", async (_what, body) => {
    const { answer, sent } = await sentFor(body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer).code).toBe("bad_request");
    expect(sent).toBe("");
  });
});

describe("no way around the count", () => {
  it.each([
    '{"background":true}',
    '{"b\\u0061ckground":true}',
    '{"background":1}',
    '{"Background":true,"stream":true}',
  ])("%s would be answered before its tokens are known, and is refused", async (body) => {
    const ticket = house.admit();
    expect((await call(ticket, { body })).status).toBe(400);
    expect(house.provider.seen).toEqual([]);
    expect(ticket.usage().requests).toBe(0);
  });

  it("the request after the last one is refused, and the run is given up", async () => {
    house.provider.answers(streams(responsesStream));
    const ticket = house.admit({ caps: { requests: 2, tokens: 1e6 } });
    await call(ticket);
    await call(ticket);
    expect(ticket.givenUp.aborted).toBe(false);
    const answer = await call(ticket);
    expect(answer.status).toBe(403);
    expect(errorOf(answer).code).toBe("budget_exceeded");
    expect(ticket.givenUp.reason).toEqual({ kind: "cap", which: "requests" });
    expect(ticket.usage().requests).toBe(2);
    expect(ticket.trouble()).toBeUndefined();
    expect(house.provider.seen).toHaveLength(2);
  });

  it("requests at the same time do not pass the cap together", async () => {
    house.provider.answers(streams(responsesStream));
    const ticket = house.admit({ caps: { requests: 3, tokens: 1e6 } });
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(ticket)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, ...Array(9).fill(403)]);
    expect(house.provider.seen).toHaveLength(3);
  });

  it("an answer may go past the tokens; the next request is refused", async () => {
    house.provider.answers(streams(responsesStream));
    const ticket = house.admit({ caps: { requests: 10, tokens: 1234 } });
    expect((await call(ticket)).status).toBe(200);
    expect(ticket.givenUp.aborted).toBe(false);
    const answer = await call(ticket);
    expect(answer.status).toBe(403);
    expect(errorOf(answer).code).toBe("budget_exceeded");
    expect(ticket.givenUp.reason).toEqual({ kind: "cap", which: "tokens" });
  });

  it("one token below the cap there is one more request", async () => {
    house.provider.answers(streams(responsesStream));
    const ticket = house.admit({ caps: { requests: 10, tokens: 1235 } });
    await call(ticket);
    expect((await call(ticket)).status).toBe(200);
    expect((await call(ticket)).status).toBe(403);
  });

  it("an answer that breaks off before its tokens are told weighs on the cap, but is not in the usage", async () => {
    house.provider.answers(breaksOff(started));
    const ticket = house.admit({ caps: { requests: 10, tokens: 1000 } });
    const body = JSON.stringify({ stream: true, input: "x".repeat(4000) });
    await call(ticket, { body });
    expect(ticket.usage()).toEqual({ requests: 1, failures: 1, input: 0, cachedInput: 0, output: 0 });
    expect((await call(ticket, { body })).status).toBe(403);
    expect(ticket.givenUp.reason).toEqual({ kind: "cap", which: "tokens" });
  });

  it("a chat answer is whole when it ends after the finish reason, and with a running count the last one holds", async () => {
    const running = (tokens: number) =>
      data({ choices: [], usage: { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 0 } });
    house.provider.answers(streams(running(1) + running(2) + chatStart + running(3)));
    const ticket = house.admit({ provider: { api: "openai-chat" } });
    await call(ticket, { path: chat });
    expect(ticket.usage()).toEqual({ requests: 1, failures: 0, input: 10, cachedInput: 0, output: 3 });
  });
});

function pieces(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const borders = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
}
