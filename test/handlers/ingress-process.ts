import { startIngress } from "./ingress.ts";

/** An ingress in a process of its own, so that its memory can be measured without the senders'. */
const running = await startIngress();
process.on("message", () => process.send?.({ rss: process.memoryUsage().rss, accepted: running.accepted.length }));
process.on("disconnect", () => process.exit());
process.send?.({ port: running.port });
