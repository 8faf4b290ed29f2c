import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Crashes, fleets and every answer GitHub can give take minutes: `npm run test:long`, and .ci/run.
    // So does installing a real agent: `npm run test:agents`.
    exclude: ["test/long/**", "test/agents/**", "**/node_modules/**", ".agents/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for processes of their own, so a core more than vitest would take is well used.
    maxWorkers: "100%",
    globalSetup: ["test/support/database-server.ts"],
  },
});
