import { expect, it } from "vitest";
import { createLog } from "../src/log.ts";

it("never shows a value under a secret's name, however deep it stands", () => {
  const lines: string[] = [];
  const log = createLog("info", { write: (line: string) => void lines.push(line) });
  log.info(
    { token: "ghs_1", inner: { privateKey: "pem", deeper: { authorization: "Bearer x" } }, task: "500-7" },
    "message",
  );
  const [line = ""] = lines;
  expect(line).toContain('"task":"500-7"');
  expect(line).not.toMatch(/ghs_1|pem|Bearer/);
});
