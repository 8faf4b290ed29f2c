import { actorFragment, backPageFields } from "./query-parts.ts";

const entryFields = `
  fullDatabaseId body createdAt lastEditedAt isMinimized author { ...actor } editor { ...actor }
`;

/** A comment's review says what the comment itself does not: whether it counts, and whether its author may push. */
const threadCommentsFragment = `
fragment threadComments on PullRequestReviewCommentConnection {
  ${backPageFields}
  nodes { ${entryFields} state pullRequestReview { fullDatabaseId state authorCanPushToRepository } }
}
`;

/**
 * A pull request with everything that was said on it: a hundred reviews, threads and comments at once, the newest first,
 * and of each thread the newest hundred comments. Also used for the older pages, with the finished lists left out. The
 * hunk is asked for once per thread, not once per comment.
 */
export const feedbackDocument = `
query Feedback(
  $owner: String!, $name: String!, $number: Int!
  $threads: Boolean!, $threadsBefore: String
  $reviews: Boolean!, $reviewsBefore: String
  $comments: Boolean!, $commentsBefore: String
) {
  repository(owner: $owner, name: $name) {
    databaseId
    pullRequest(number: $number) {
      state isDraft headRefName headRefOid baseRefName
      headRepository { databaseId }
      author { ...actor }
      labels(first: 100) { nodes { name } }
      reviewThreads(last: 100, before: $threadsBefore) @include(if: $threads) {
        ${backPageFields}
        nodes {
          id path line startLine originalLine subjectType isResolved isOutdated
          opening: comments(first: 1) { nodes { fullDatabaseId diffHunk } }
          comments(last: 100) { ...threadComments }
        }
      }
      reviews(last: 100, before: $reviewsBefore) @include(if: $reviews) {
        ${backPageFields}
        nodes { ${entryFields} state submittedAt authorCanPushToRepository commit { oid } }
      }
      comments(last: 100, before: $commentsBefore) @include(if: $comments) {
        ${backPageFields}
        nodes { ${entryFields} }
      }
    }
  }
}
${threadCommentsFragment}
${actorFragment}
`;

/** How many long threads one query goes on reading. */
export const slots = Array.from({ length: 20 }, (_, index) => index);

/** The older comments of long threads, several threads at once. Each has its own place in its list. */
export const threadCommentsDocument = `
query ThreadComments(${slots.map((n) => `$use${n}: Boolean!, $id${n}: ID!, $before${n}: String`).join(", ")}) {
  ${slots
    .map(
      (n) => `t${n}: node(id: $id${n}) @include(if: $use${n}) {
    ... on PullRequestReviewThread { comments(last: 100, before: $before${n}) { ...threadComments } }
  }`,
    )
    .join("\n  ")}
}
${threadCommentsFragment}
${actorFragment}
`;

/** A thread as it is now. */
export const threadStateDocument = `
query ThreadState($id: ID!) {
  node(id: $id) { ... on PullRequestReviewThread { isResolved isOutdated line repository { databaseId } } }
}
`;

/** The end of a thread, to look for an answer of ours. */
export const threadTailDocument = `
query ThreadTail($id: ID!, $before: String) {
  node(id: $id) {
    ... on PullRequestReviewThread {
      repository { databaseId }
      comments(last: 100, before: $before) {
        ${backPageFields}
        nodes { fullDatabaseId body author { ...actor } }
      }
    }
  }
}
${actorFragment}
`;

/** Marks a thread as settled. The one change we make through GraphQL: REST has none for it. */
export const resolveThreadDocument = `
mutation ResolveThread($id: ID!) {
  resolveReviewThread(input: { threadId: $id }) { thread { isResolved } }
}
`;
