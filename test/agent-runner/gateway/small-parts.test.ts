import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonForms, maskBytes } from "../../../src/agent-runner/gateway/mask-bytes.ts";
import { createMemberScanner } from "../../../src/agent-runner/gateway/member-scanner.ts";
import { heapInUse } from "./heap.ts";
import { canary } from "./house.ts";

const cuts = fc.array(fc.nat(), { maxLength: 12 });

describe("the member scanner", () => {
  const scan = (text: string, places: readonly number[] = []) => {
    const scanner = createMemberScanner(["stream", "options"]);
    for (const piece of pieces(Buffer.from(text), places)) scanner.push(piece);
    return scanner.end();
  };
  const names = fc.oneof(fc.constantFrom("stream", "options", "Stream", "streams"), fc.string());

  it("finds what a parser finds, in any object, however it is cut", () => {
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.jsonValue(), { noNullPrototype: true }),
        fc.nat(2),
        cuts,
        (value, indent, places) => {
          const text = JSON.stringify(value, undefined, indent);
          const bytes = Buffer.from(text);
          const found = scan(text, places)?.map(({ name, start, end }) => [
            name,
            JSON.parse(bytes.subarray(start, end).toString()),
          ]);
          const expected = Object.entries(JSON.parse(text))
            .map(([name, one]) => [name.toLowerCase(), one])
            .filter(([name]) => name === "stream" || name === "options");
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  it("takes no beginning of an object for an object", () => {
    const text = '{"a":{"stream":[1,"}"]},"stream":true,"b":"\\"}"}';
    for (let length = 0; length < text.length; length += 1) expect(scan(text.slice(0, length))).toBeUndefined();
    expect(scan(text)).toMatchObject([{ name: "stream", text: "true" }]);
  });

  it.each(["[]", "true", "{}}", '{"a" 1}', "{a:1}", '{"a":1]', "\ufeff{}", "{'stream':true}", "//\n{}"])(
    "%j is no object",
    (text) => {
      expect(scan(text)).toBeUndefined();
    },
  );

  it("gets through a large request without keeping it", () => {
    const scanner = createMemberScanner(["stream"]);
    const nested = Buffer.from("[[],".repeat(1 << 18));
    const heap = heapInUse();
    scanner.push(Buffer.from('{"x":'));
    for (let size = 0; size < 8; size += 1) scanner.push(nested);
    expect(heapInUse() - heap).toBeLessThan(6 << 20);
    expect(scanner.end()).toBeUndefined();
  });
});

describe("the mask over a stream", () => {
  const through = (secret: string, text: string, places: readonly number[]) => {
    const mask = maskBytes(secret);
    const out = pieces(Buffer.from(text), places).map((piece) => mask.push(piece));
    return Buffer.concat([...out, mask.end()]).toString();
  };

  it("finds the secret wherever the stream is cut, and changes nothing else", () => {
    const parts = fc.constantFrom(...jsonForms(canary), canary.slice(0, 9), canary.slice(3), "s", "sk", "ü🙂", "\n\n");
    fc.assert(
      fc.property(fc.array(parts), cuts, (texts, places) => {
        const text = texts.join("");
        const expected = jsonForms(canary).reduce((left, form) => left.replaceAll(form, "[redacted]"), text);
        expect(through(canary, text, places)).toBe(expected);
      }),
    );
  });

  it("holds nothing back but what may be the secret's beginning", () => {
    const mask = maskBytes(canary);
    expect(mask.push(Buffer.from("data: {}\n\n")).toString()).toBe("data: {}\n\n");
    expect(mask.push(Buffer.from("data: sk-can")).toString()).toBe("data: ");
    expect(mask.push(Buffer.from("ned\n\n")).toString()).toBe("sk-canned\n\n");
  });
});

function pieces(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const borders = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
}
