import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** Real agent programs against a scripted model; they are installed first when they are not there. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ["test/agents/**/*.test.ts"], exclude: ["**/node_modules/**"] },
});
