import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { openGateway } from "../../../src/agent-runner/gateway/gateway.ts";
import type { GatewayLimits } from "../../../src/agent-runner/gateway/limits.ts";
import type { AdmitOrder, Gateway, ModelTicket, Provider } from "../../../src/agent-runner/gateway/types.ts";
import { openProvider, type ScriptedProvider } from "./scripted-provider.ts";

export const canary = "sk-canary-9f2b/7c51e0d84a6f-Zq";

interface House {
  readonly gateway: Gateway;
  readonly provider: ScriptedProvider;
  readonly admit: (
    order?: Partial<Omit<AdmitOrder, "provider">> & { readonly provider?: Partial<Provider> },
  ) => ModelTicket;
}

/** A gateway and a provider for the tests of one file; the provider forgets its script after each test. */
export function useHouse(limits: Partial<GatewayLimits> = {}): House {
  let gateway: Gateway;
  let provider: ScriptedProvider;
  let tickets: ModelTicket[] = [];
  beforeAll(async () => {
    gateway = await openGateway({ limits });
  });
  beforeEach(async () => {
    provider = await openProvider();
  });
  afterEach(async () => {
    for (const ticket of tickets) ticket.revoke();
    tickets = [];
    await provider.close();
  });
  afterAll(() => gateway.close());
  return {
    get gateway() {
      return gateway;
    },
    get provider() {
      return provider;
    },
    admit: ({ provider: own, ...order } = {}) => {
      const ticket = gateway.admit({
        provider: { api: "openai-responses", baseUrl: provider.baseUrl, key: canary, ...own },
        caps: { requests: 100, tokens: 1_000_000 },
        idleMs: 30_000,
        ...order,
      });
      tickets.push(ticket);
      return ticket;
    },
  };
}
