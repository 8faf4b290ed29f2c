import { actorFragment, pageFields } from "./query-parts.ts";
import {
  feedbackDocument,
  resolveThreadDocument,
  threadCommentsDocument,
  threadStateDocument,
  threadTailDocument,
} from "./review-queries.ts";

/**
 * Issues and pull requests have these fields in common, but GraphQL has no interface for them. An issue has at most a
 * hundred labels.
 */
const threadFields = `
  title
  labels(first: 100) { nodes { name } }
  comments(first: 100, after: $commentsAfter) @include(if: $comments) {
    ${pageFields}
    nodes { fullDatabaseId body createdAt lastEditedAt isMinimized author { ...actor } editor { ...actor } }
  }
  timelineItems(first: 100, after: $timelineAfter, itemTypes: [LABELED_EVENT, RENAMED_TITLE_EVENT]) @include(if: $timeline) {
    ${pageFields}
    nodes {
      __typename
      ... on LabeledEvent { createdAt label { name } actor { ...actor } }
      ... on RenamedTitleEvent { createdAt actor { ...actor } }
    }
  }
`;

/**
 * One issue or pull request with who wrote and edited what, when. REST cannot answer this: its `updated_at` moves with
 * every comment and label, and it names no editor. Also used for the following pages, with the finished list left out.
 */
export const issueFactsDocument = `
query IssueFacts(
  $owner: String!, $name: String!, $number: Int!
  $comments: Boolean!, $commentsAfter: String, $timeline: Boolean!, $timelineAfter: String
) {
  repository(owner: $owner, name: $name) {
    databaseId
    issueOrPullRequest(number: $number) {
      __typename
      ... on Closable { closed }
      ... on Comment {
        body createdAt lastEditedAt author { ...actor } editor { ...actor }
        userContentEdits(first: 100) { ${pageFields} nodes { editedAt editor { ...actor } } }
      }
      ... on Issue { ${threadFields} }
      ... on PullRequest { ${threadFields} }
    }
  }
}
${actorFragment}
`;

const stateFields = `
  title body updatedAt closed closedAt
  labels(first: 100) { nodes { name } }
  timelineItems(last: 100, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, CLOSED_EVENT]) {
    nodes {
      __typename
      ... on LabeledEvent { createdAt label { name } actor { ...actor } }
      ... on UnlabeledEvent { createdAt label { name } actor { ...actor } }
      ... on ClosedEvent { createdAt actor { ...actor } }
    }
  }
`;

/** One issue or pull request as it is now: what a webhook would have told that never came. */
export const threadDocument = `
query Thread($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    databaseId
    issueOrPullRequest(number: $number) {
      __typename
      ... on Issue { ${stateFields} }
      ... on PullRequest { ${stateFields} merged }
    }
  }
}
${actorFragment}
`;

/** Whether a comment is as it was written: REST's times have whole seconds, and an edit may follow within one. */
export const commentDocument = `
query Comment($id: ID!) {
  node(id: $id) { ... on IssueComment { lastEditedAt } }
}
`;

/** Every query this app may send. */
export const queryDocuments: readonly string[] = [
  issueFactsDocument,
  threadDocument,
  commentDocument,
  feedbackDocument,
  threadCommentsDocument,
  threadStateDocument,
  threadTailDocument,
];

/** Every change this app may make through GraphQL. There is none that approves, merges or deletes. */
export const mutationDocuments: readonly string[] = [resolveThreadDocument];
