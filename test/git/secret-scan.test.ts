import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { secretScan, withoutSecrets } from "../../src/git/secret-scan.ts";

const secret = "canary+sk/9f8e~Zürich?42";
const bytes = Buffer.from(secret);
const percent = (text: Buffer) => [...text].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const forms: Readonly<Record<string, string>> = {
  raw: secret,
  base64: bytes.toString("base64"),
  "base64 for URLs": bytes.toString("base64url"),
  "base64 of a longer text": Buffer.from(`x${secret}yz`).toString("base64"),
  "base64 in wrapped lines": bytes.toString("base64").replace(/(.{10})/g, "$1\n"),
  hexadecimal: bytes.toString("hex"),
  "hexadecimal, upper case": bytes.toString("hex").toUpperCase(),
  "hexadecimal, in pairs": bytes.toString("hex").replace(/(..)/g, "$1:"),
  "percent form": encodeURIComponent(secret),
  "percent form of every byte": percent(bytes),
  reversed: [...secret].reverse().join(""),
};

describe("the search for known secrets", () => {
  const scan = secretScan(["another-secret-value", secret]);

  it.each(Object.entries(forms))("finds one in %s", (_, form) => {
    expect(scan(Buffer.from(`const x = "${form}";\n`))).toBe(true);
  });

  it("finds a key of several lines, also when it was quoted", () => {
    const key = "-----BEGIN KEY-----\nMIIabcdefgh\nijklmnopqr\n-----END KEY-----";
    expect(secretScan([key])(Buffer.from(key.replaceAll("\n", "\\n")))).toBe(true);
    expect(secretScan([key])(Buffer.from(key.replaceAll("\n", "\n    ")))).toBe(true);
  });

  it("leaves ordinary content and very short secrets alone", () => {
    expect(scan(Buffer.from("const another = 'secret value';"))).toBe(false);
    expect(secretScan(["", "a", "dev"])(Buffer.from("a dev"))).toBe(false);
  });

  it("finds any secret in any base64, wherever it stands in it", () => {
    const text = fc.string({ minLength: 8, maxLength: 40, unit: "grapheme-ascii" });
    fc.assert(
      fc.property(text, fc.uint8Array(), fc.uint8Array(), (value, before, after) => {
        fc.pre(value.trim().length >= 8);
        const coded = Buffer.concat([before, Buffer.from(value), after]).toString("base64");
        expect(secretScan([value])(Buffer.from(coded))).toBe(true);
      }),
    );
  });

  it("does not find secrets in noise", () => {
    const noise = Array.from({ length: 2000 }, (_, n) => createHash("sha256").update(`${n}`).digest("base64")).join(
      "\n",
    );
    expect(scan(Buffer.from(noise))).toBe(false);
  });

  it("blanks what stands in one piece", () => {
    const clean = withoutSecrets(Object.values(forms).join("\n"), [secret]);
    for (const name of ["raw", "base64", "base64 for URLs", "hexadecimal", "percent form", "reversed"]) {
      expect(clean, name).not.toContain(forms[name]);
    }
  });
});
