import type { Server } from "node:http";
import type { FakeGitHub, FakeGitHubOptions, Faults, Watching } from "./api.ts";
import { createAppIdentity } from "./app-identity.ts";
import { ciIn } from "./ci.ts";
import { refsOf } from "./git/history.ts";
import { writePushRules } from "./git/push-rules.ts";
import { payloadOfDelivery } from "./hooks/delivery.ts";
import { WebhookFaults } from "./hooks/faults.ts";
import { Webhooks } from "./hooks/webhooks.ts";
import { checkView, conversation, issueView, pullViews, reviewViews, threadViews, unreadComments } from "./look.ts";
import { personIn } from "./people.ts";
import { createRepository, installApp, removeApp } from "./repositories.ts";
import { RestServer } from "./rest/rest-server.ts";
import { Activity } from "./server/activity.ts";
import { Tokens } from "./server/auth.ts";
import { RequestFaults, secondaryLimit } from "./server/request-faults.ts";
import type { LoggedRequest } from "./server/request-log.ts";
import { listen, stop } from "./server/server.ts";
import type { Account, Repository } from "./world/model.ts";
import { issueOf, World } from "./world/world.ts";

interface Parts {
  readonly world: World;
  readonly activity: Activity;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly webhookFaults: WebhookFaults;
  readonly requestFaults: RequestFaults;
  readonly requests: LoggedRequest[];
  readonly server: Server;
}

/** Starts a GitHub of one's own on a free port of the loopback interface. Its end is the caller's: `close`. */
export async function startFakeGitHub(options: FakeGitHubOptions): Promise<FakeGitHub> {
  const parts = await start(options);
  const { world, webhooks, activity, server, tokens } = parts;
  return {
    ...addresses(world),
    app: world.app,
    faults: faultsOf(parts),
    connect: (url) => webhooks.connect(url),
    createRepository: (order) => createRepository(world, order),
    installApp: (repository) => installApp(repository.state),
    removeApp: (repository) => removeApp(repository.state),
    refuseDrafts: () => {
      world.settings.refusesDrafts = true;
    },
    as: (login) => person(world.account(login, "User")),
    asBot: (login) => person(world.account(login, "Bot")),
    ci: (repository) => ciIn(repository.state),
    tokenFor: (login) => tokens.createForPerson(world.account(login)),
    redeliver: (guid) => webhooks.redeliver(guid),
    ...watching(parts),
    // A getter would be read once by spreading: the log grows.
    get deliveries() {
      return webhooks.log.map(({ recipe, ...seen }) => ({ ...seen, payload: payloadOfDelivery({ recipe, ...seen }) }));
    },
    close: async () => {
      webhooks.close();
      await stop(server);
      await activity.idle(); // git children end too
    },
  };
}

async function start(options: FakeGitHubOptions): Promise<Parts> {
  const { directory, clock = Date.now } = options;
  const world = new World({ app: createAppIdentity(options), directory, clock });
  await writePushRules(directory);
  const activity = new Activity();
  const webhookFaults = new WebhookFaults();
  const requestFaults = new RequestFaults();
  const tokens = new Tokens(world);
  const webhooks = new Webhooks(world, { faults: webhookFaults, activity });
  const requests: LoggedRequest[] = [];
  const rest = new RestServer(world, { tokens, webhooks });
  const server = await listen({ world, rest, tokens, faults: requestFaults, activity, requests });
  return { world, activity, tokens, webhooks, webhookFaults, requestFaults, requests, server };
}

function addresses({ origin }: World): Pick<FakeGitHub, "url" | "host" | "apiUrl" | "graphqlUrl"> {
  const host = origin.replace("http://", "");
  return { url: origin, host, apiUrl: `${origin}/api/v3`, graphqlUrl: `${origin}/api/graphql` };
}

function person(account: Account): ReturnType<FakeGitHub["as"]> {
  return { on: (repository) => personIn(repository.state, account) };
}

function faultsOf({ webhookFaults, requestFaults, tokens }: Parts): Faults {
  return {
    drop: (match = {}) => webhookFaults.drop(match),
    duplicate: (match = {}) => webhookFaults.duplicate(match),
    delay: (match = {}) => webhookFaults.delay(match),
    answer: (answer) => requestFaults.answer(answer),
    hangUp: (where) => requestFaults.hangUp(where),
    run: (where, interlude) => requestFaults.run(where, interlude),
    clear: () => {
      webhookFaults.clear();
      requestFaults.clear();
    },
    limitSecondary: (where) => requestFaults.answer(secondaryLimit(where)),
    expireTokens: () => tokens.expireAll(),
  };
}

function watching(parts: Parts): Omit<Watching, "deliveries"> {
  const { world, requests, activity } = parts;
  return {
    requests,
    settled: () => activity.idle(),
    conversation: ({ state }, number) => conversation(state, number),
    issue: ({ state }, number) => issueView(issueOf(state, number)),
    pullRequests: ({ state }) => pullViews(state),
    reviews: ({ state }, number) => reviewViews(state, number),
    threads: ({ state }, number) => threadViews(state, number),
    checks: ({ state }, sha) => state.checkRuns.filter((run) => (sha ?? run.headSha) === run.headSha).map(checkView),
    branches: ({ state }) => branchesOf(state),
    unreadComments: () => unreadComments(world),
    problems: () => [...world.problems],
    assertClean: () => assertClean(parts),
  };
}

function assertClean({ world, webhookFaults, requestFaults }: Parts): void {
  const unread = unreadComments(world).map((comment) => `nobody looked at the app's comment on ${comment}`);
  const unused = [...webhookFaults.unused(), ...requestFaults.unused()];
  const all = [...world.problems, ...unread, ...unused.map((fault) => `a planned fault met nothing: ${fault}`)];
  if (all.length > 0) throw new Error(`the stand-in for GitHub is not clean:\n- ${all.join("\n- ")}`);
}

async function branchesOf(repository: Repository): Promise<Record<string, string>> {
  const refs = [...(await refsOf(repository.directory))].filter(([ref]) => ref.startsWith("refs/heads/"));
  return Object.fromEntries(refs.map(([ref, sha]) => [ref.slice("refs/heads/".length), sha]));
}
