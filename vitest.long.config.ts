import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** The checks that take minutes: real kills, frozen workers, every answer GitHub can give. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ["test/long/**/*.test.ts"], exclude: ["**/node_modules/**"] },
});
