import { join } from "node:path";
import type { FakeRepository, NewRepository } from "./api.ts";
import { addCommit, createBareRepository, filesIn } from "./git/commits.ts";
import { personIn } from "./people.ts";
import { repositoryShort } from "./present/repository.ts";
import type { Account, Installation, JsonObject, Repository } from "./world/model.ts";
import { fullName, type World } from "./world/world.ts";

/** Makes a repository with a real first commit, its people, and the app in it unless it shall not be. */
export async function createRepository(world: World, order: NewRepository): Promise<FakeRepository> {
  const repository = newRepository(world, order);
  const { directory, defaultBranch, owner } = repository;
  await createBareRepository(directory, defaultBranch);
  const standard = { "README.md": `# ${order.name}\n` };
  const files = typeof order.files === "string" ? await filesIn(order.files) : (order.files ?? standard);
  const message = "Initial commit";
  await addCommit(directory, {
    branch: defaultBranch,
    from: undefined,
    files,
    message,
    author: owner,
    at: world.now(),
  });
  world.repositories.push(repository);
  if (order.app !== "not installed") installApp(repository);
  return handle(repository);
}

/** Gives the app access to a repository; each owner has one installation. */
export function installApp(repository: Repository): void {
  const { world, owner } = repository;
  const known = world.installations.find((candidate) => candidate.account === owner);
  const installation = known ?? newInstallation(world, owner);
  installation.repositories.add(repository);
  const short = repositoryShort(repository);
  if (known === undefined) {
    tell(world, { installation, event: "installation", action: "created", body: { repositories: [short] } });
  } else {
    const body = { repositories_added: [short], repositories_removed: [], repository_selection: "selected" };
    tell(world, { installation, event: "installation_repositories", action: "added", body });
  }
}

/** Takes the app's access to a repository away; tokens lose it at once. */
export function removeApp(repository: Repository): void {
  const { world } = repository;
  const installation = world.installationOf(repository);
  if (installation === undefined) return;
  installation.repositories.delete(repository);
  const removed = [repositoryShort(repository)];
  const body = { repositories_added: [], repositories_removed: removed, repository_selection: "selected" };
  tell(world, { installation, event: "installation_repositories", action: "removed", body });
}

function newRepository(world: World, order: NewRepository): Repository {
  const people = Object.entries(order.people ?? {});
  return {
    world,
    id: world.ids.next("repository"),
    owner: world.account(order.owner, "Organization"),
    name: order.name,
    isPrivate: order.private ?? false,
    defaultBranch: order.defaultBranch ?? "main",
    directory: join(world.directory, order.owner, `${order.name}.git`),
    createdAt: world.now(),
    pushedAt: world.now(),
    people: new Map(people.map(([login, role]) => [world.account(login).id, role])),
    labels: new Map(),
    issues: [],
    checkRuns: [],
    statuses: [],
  };
}

function handle(repository: Repository): FakeRepository {
  const { world } = repository;
  return {
    id: repository.id,
    owner: repository.owner.login,
    name: repository.name,
    fullName: fullName(repository),
    defaultBranch: repository.defaultBranch,
    directory: repository.directory,
    cloneUrl: `${world.origin}/${fullName(repository)}.git`,
    get installationId() {
      return world.installationOf(repository)?.id ?? 0;
    },
    state: repository,
    openIssue: ({ as, ...issue }) => personIn(repository, world.account(as)).opensIssue(issue),
  };
}

function newInstallation(world: World, account: Account): Installation {
  const installation = {
    id: world.ids.next("installation"),
    account,
    repositories: new Set<Repository>(),
    permissions: world.app.permissions,
    createdAt: world.now(),
  };
  world.installations.push(installation);
  return installation;
}

interface InstallationNews {
  readonly installation: Installation;
  readonly event: string;
  readonly action: string;
  readonly body: JsonObject;
}

/** The owner of the organisation does these things. */
function tell(world: World, news: InstallationNews): void {
  const act = { by: world.account(`${news.installation.account.login}-owner`, "User"), silent: false };
  world.announce({ ...news, act, body: { ...news.body, requester: null }, repository: undefined });
}
