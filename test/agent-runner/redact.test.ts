import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactor } from "../../src/agent-runner/index.ts";

const secret = "s3cr3t/Tök+en==42";
const forms: readonly (readonly [string, string])[] = [
  ["raw", secret],
  ["in capitals", secret.toUpperCase()],
  ["reversed", [...secret].toReversed().join("")],
  ["hexadecimal", Buffer.from(secret).toString("hex")],
  ["URL-encoded", encodeURIComponent(secret)],
  ["base64", Buffer.from(secret).toString("base64")],
  ["base64url", Buffer.from(secret).toString("base64url")],
  ["base64 inside a longer text", Buffer.from(`user:${secret}@host`).toString("base64")],
  ["base64 at the third alignment", Buffer.from(`us:${secret}`).toString("base64")],
];

describe("the redactor", () => {
  it.each(forms)("finds a secret that is %s", (_what, form) => {
    const text = redactor([secret]).redact(`before ${form} after`);
    expect(text).toMatch(/^before .*\[redacted\].* after$/);
    expect(text).not.toContain(form);
  });

  it("leaves everything else alone, short secrets included", () => {
    expect(redactor([secret, "abc"]).redact("abc s3cr3t Token 42")).toBe("abc s3cr3t Token 42");
    expect(redactor([]).redact("text")).toBe("text");
  });

  it("finds a secret however the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...forms.map(([, form]) => form), "x", "some words ", "\n")),
        fc.array(fc.nat(30)),
        (texts, cuts) => {
          const stream = redactor([secret]).stream();
          let rest = texts.join("|");
          let out = "";
          for (const cut of cuts) {
            out += stream.push(rest.slice(0, cut));
            rest = rest.slice(cut);
          }
          out += stream.push(rest) + stream.end();
          expect(out).toBe(redactor([secret]).redact(texts.join("|")));
        },
      ),
    );
  });
});
