import { accountNodeId, iso, isoOrNull } from "../present/account.ts";
import { association, issueNodeId, issuePage } from "../present/issue.ts";
import { nodeId } from "../world/ids.ts";
import type { Account, Comment, Edit, Issue, Label, Reaction, Repository, TimelineEvent } from "../world/model.ts";
import type { World } from "../world/world.ts";
import { connection, type Resolved } from "./connection.ts";

const LARGEST_INT = 2 ** 31 - 1;

/** GraphQL's `databaseId` has 32 bits: what does not fit is null, and `fullDatabaseId` has it as a text. */
export function databaseIds(id: number): Resolved {
  return { databaseId: id > LARGEST_INT ? null : id, fullDatabaseId: String(id) };
}

/** An account. Bots have no `[bot]` in GraphQL. */
export function actor(world: World, account: Account): Resolved {
  const login = account.login.replace(/\[bot\]$/, "");
  const path = account.type === "Bot" ? `/apps/${login}` : `/${login}`;
  return {
    __typename: account.type,
    id: accountNodeId(account),
    login,
    databaseId: account.id,
    name: null,
    createdAt: iso(account.createdAt),
    resourcePath: path,
    url: world.origin + path,
    avatarUrl: () => `${world.origin}/avatars/u/${account.id}`,
  };
}

/** What issues and pull requests have in common. */
export function issueBase(repository: Repository, issue: Issue): Resolved {
  const { world } = repository;
  return {
    id: issueNodeId(issue),
    number: issue.number,
    title: issue.title,
    body: issue.body,
    bodyText: issue.body,
    url: issuePage(repository, issue),
    closed: issue.state === "closed",
    closedAt: isoOrNull(issue.closedAt),
    locked: false,
    authorAssociation: association(repository, issue.author),
    updatedAt: iso(issue.updatedAt),
    ...authored(world, issue),
    labels: connection("labels", issue.labels, (label) => labelObject(repository, label)),
    comments: connection("comments", issue.comments, (comment) => commentObject(repository, { issue, comment })),
    ...reactionFields(world, issue.reactions, issueNodeId(issue)),
  };
}

export function commentObject(
  repository: Repository,
  place: { readonly issue: Issue; readonly comment: Comment },
): Resolved {
  const { world } = repository;
  const { issue, comment } = place;
  return {
    __typename: "IssueComment",
    id: nodeId("IC", comment.id),
    ...databaseIds(comment.id),
    body: comment.body,
    bodyText: comment.body,
    url: `${issuePage(repository, issue)}#issuecomment-${comment.id}`,
    isMinimized: comment.minimized,
    minimizedReason: comment.minimized ? "outdated" : null,
    authorAssociation: association(repository, comment.author),
    updatedAt: iso(comment.updatedAt),
    ...authored(world, comment),
    ...reactionFields(world, comment.reactions, nodeId("IC", comment.id)),
  };
}

export function labelObject(repository: Repository, label: Label): Resolved {
  const { world } = repository;
  const url = `${world.origin}/${repository.owner.login}/${repository.name}/labels/${encodeURIComponent(label.name)}`;
  return {
    __typename: "Label",
    id: nodeId("LA", label.id),
    name: label.name,
    color: label.color,
    description: null,
    isDefault: false,
    url,
  };
}

const TIMELINE_TYPES = {
  labeled: "LabeledEvent",
  unlabeled: "UnlabeledEvent",
  renamed: "RenamedTitleEvent",
  closed: "ClosedEvent",
  reopened: "ReopenedEvent",
} as const;

/** One entry of a timeline. */
export function timelineObject(repository: Repository, event: TimelineEvent): Resolved {
  const { world } = repository;
  const base = {
    __typename: TIMELINE_TYPES[event.type],
    id: nodeId("TE", event.id),
    actor: actor(world, event.by),
    createdAt: iso(event.at),
  };
  if (event.type === "renamed") return { ...base, previousTitle: event.from, currentTitle: event.to };
  if (event.type === "closed") return { ...base, stateReason: event.reason?.toUpperCase() ?? null };
  return "label" in event ? { ...base, label: labelObject(repository, event.label) } : base;
}

/** Author, times and edits of a text. The last edit says who and when. Accounts are made when they are asked for. */
export function authored(
  world: World,
  text: { readonly author: Account; readonly createdAt: number; readonly edits: readonly Edit[] },
): Resolved {
  const last = text.edits.at(-1);
  return {
    author: () => actor(world, text.author),
    createdAt: iso(text.createdAt),
    publishedAt: iso(text.createdAt),
    createdViaEmail: false,
    includesCreatedEdit: last !== undefined,
    lastEditedAt: isoOrNull(last?.at),
    editor: () => (last === undefined ? null : actor(world, last.by)),
    userContentEdits: connection("userContentEdits", text.edits.toReversed(), (edit) => editObject(world, edit)),
  };
}

function editObject(world: World, edit: Edit): Resolved {
  const at = iso(edit.at);
  return {
    __typename: "UserContentEdit",
    id: nodeId("UCE", edit.id),
    createdAt: at,
    updatedAt: at,
    editedAt: at,
    deletedAt: null,
    deletedBy: null,
    diff: edit.text,
    editor: actor(world, edit.by),
  };
}

const CONTENTS: Readonly<Record<Reaction["content"], string>> = {
  "+1": "THUMBS_UP",
  "-1": "THUMBS_DOWN",
  laugh: "LAUGH",
  confused: "CONFUSED",
  heart: "HEART",
  hooray: "HOORAY",
  rocket: "ROCKET",
  eyes: "EYES",
};

export function reactionFields(world: World, reactions: readonly Reaction[], subject: string): Resolved {
  const toNode = (reaction: Reaction): Resolved => ({
    __typename: "Reaction",
    id: nodeId("REA", reaction.id),
    databaseId: reaction.id,
    content: CONTENTS[reaction.content],
    createdAt: iso(reaction.createdAt),
    user: actor(world, reaction.by),
  });
  return {
    reactions: (args: { content?: string | null; first?: number | null }) => {
      const shown = reactions.filter((reaction) => args.content == null || CONTENTS[reaction.content] === args.content);
      return connection("reactions", shown, toNode)(args);
    },
    reactionGroups: () =>
      Object.entries(CONTENTS).map(([content, word]) => {
        const group = reactions.filter((reaction) => reaction.content === content);
        return {
          content: word,
          createdAt: null,
          subject: { id: subject },
          reactors: () => ({ totalCount: group.length }),
        };
      }),
  };
}
