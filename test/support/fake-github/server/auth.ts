import { createVerify, randomBytes } from "node:crypto";
import type { Account, Installation, Permissions, Repository } from "../world/model.ts";
import { notAccessible, notFound, Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";

/** What an installation token may reach. */
export interface Token {
  readonly value: string;
  readonly installation: Installation;
  readonly repositories: ReadonlySet<Repository>;
  readonly permissions: Permissions;
  /** True when it was narrowed to some of the installation's repositories. */
  readonly isNarrowed: boolean;
  readonly expiresAt: number;
}

/** Who sends a request. */
export type Caller =
  | { readonly kind: "nobody" }
  | { readonly kind: "app" }
  | { readonly kind: "installation"; readonly token: Token }
  | { readonly kind: "person"; readonly account: Account };

/** One way to be allowed: all of its permissions are needed. */
export type Needs = readonly Permissions[];

const HOUR = 3_600_000;

/** The tokens GitHub gave out. */
export class Tokens {
  readonly #world: World;
  readonly #installation = new Map<string, Token>();
  readonly #person = new Map<string, Account>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A token of an installation, valid for an hour. */
  create(order: Omit<Token, "value" | "expiresAt">): Token {
    const value = `ghs_${randomBytes(18).toString("hex")}`;
    const token = { ...order, value, expiresAt: this.#world.now() + HOUR };
    this.#installation.set(value, token);
    return token;
  }

  /** A personal token: git over HTTP takes it as a password. */
  createForPerson(account: Account): string {
    const value = `ghp_${randomBytes(18).toString("hex")}`;
    this.#person.set(value, account);
    return value;
  }

  revoke(token: Token): void {
    this.#installation.delete(token.value);
  }

  /** Makes every token invalid, as if its hour had passed. */
  expireAll(): void {
    this.#installation.clear();
  }

  /** Whose token it is, or undefined when it is unknown, expired or revoked. */
  find(value: string): Caller | undefined {
    const person = this.#person.get(value);
    if (person !== undefined) return { kind: "person", account: person };
    const token = this.#installation.get(value);
    return token !== undefined && token.expiresAt > this.#world.clock() ? { kind: "installation", token } : undefined;
  }
}

/** Reads an `Authorization` header. @throws Refusal 401 when it proves nothing */
export function authenticate(world: World, tokens: Tokens, header: string | undefined): Caller {
  if (header === undefined) return { kind: "nobody" };
  const value = header.replace(/^(bearer|token)\s+/i, "");
  if (value.split(".").length === 3) {
    verifyJwt(world, value);
    return { kind: "app" };
  }
  const caller = tokens.find(value);
  if (caller === undefined) throw new Refusal(401, "Bad credentials");
  return caller;
}

/**
 * Whether a caller may do something in a repository.
 *
 * @throws Refusal 404 when the repository is hidden from the caller, 403 when a permission is missing
 */
export function authorise(caller: Caller, repository: Repository, needs: Needs): void {
  if (caller.kind !== "installation") throw notFound();
  const { token } = caller;
  if (!reaches(token, repository)) {
    if (repository.isPrivate) throw notFound();
    if (needs.every((permissions) => Object.values(permissions).includes("write"))) throw notAccessible();
    return; // anybody may read what is public
  }
  const isAllowed = needs.length === 0 || needs.some((permissions) => grants(token.permissions, permissions));
  if (!isAllowed) throw notAccessible();
}

/** Whether a token is for a repository, which the installation must still have. */
export function reaches(token: Token, repository: Repository): boolean {
  return token.repositories.has(repository) && token.installation.repositories.has(repository);
}

/** Whether a set of permissions holds another. Metadata can be read by every token. */
export function grants(held: Permissions, wanted: Permissions): boolean {
  return Object.entries(wanted).every(([name, level]) => {
    if (name === "metadata" && level === "read") return true;
    return held[name] === "write" || held[name] === level;
  });
}

function verifyJwt(world: World, jwt: string): void {
  const [head = "", body = "", signature = ""] = jwt.split(".");
  const header = decode(head);
  const claims = decode(body);
  const verifier = createVerify("RSA-SHA256").update(`${head}.${body}`);
  const isSigned = header?.alg === "RS256" && verifier.verify(world.app.publicKey, signature, "base64url");
  if (!isSigned || claims === undefined) throw new Refusal(401, "A JSON web token could not be decoded");
  const now = world.clock() / 1000;
  const { iss, iat, exp } = claims;
  if (String(iss) !== String(world.app.id) && iss !== world.app.clientId) {
    throw new Refusal(401, "'Issuer' claim ('iss') must be an Integer");
  }
  if (typeof iat !== "number" || iat > now + 1) {
    throw new Refusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (typeof exp !== "number" || exp <= now) {
    throw new Refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + 601) throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
