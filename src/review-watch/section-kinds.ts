/**
 * What a heading or summary of a review's body announces. An appendix is boilerplate in a collapsed block: only what is
 * surely a finding counts in it.
 */
export type SectionKind = "findings" | "boilerplate" | "appendix" | "unknown";

/** Whatever else such a title says, findings are under it. */
const surelyFindings =
  /\bnit(?:s|picks?|picking)?\b|outside (?:of )?(?:the )?diff|suppressed|low[- ]confidence|duplicate comment/i;

/** What bots write around their findings: what they did, about themselves, how to use them, what to paste elsewhere. */
const boilerplate =
  /walkthrough|summar|overview|sequence diagram|poem|review details|review info|run configuration|\bfiles?\b.*\b(?:changed|reviewed|selected|processed|skipped|ignored|consider)|reviewed changes|\bchanges\b|configuration|additional (?:comments|context|notes)|prompt|\btips?\b|\bcommands?\b|\babout\b|how (?:to|it)|confidence score|score|learnings|commits|finishing touch|share|thank|review effort|estimated|suggested (?:labels|reviewers)|related (?:prs?|issues|pull)|assessment|pre-merge|praise|strengths|positive|what(?:'s| is) good|looks good|\blgtm\b|passed/i;

const findings =
  /issue|finding|concern|problem|\bbugs?\b|suggest|recommend|improve|feedback|comment|must[- ]fix|should[- ]fix|warning|critical|important|minor|major|blocker|blocking|security|\bp[0-3]\b|severity|action|todo|request|question/i;

/** Reads the title of a section in a bot's review that stands within another. */
export function kindOfTitle(
  { title, kind }: { readonly title: string; readonly kind: "body" | "details" | "heading" },
  within: SectionKind,
): SectionKind {
  if (surelyFindings.test(title)) return "findings";
  if (within === "appendix") return "appendix";
  if (boilerplate.test(title)) return kind === "details" ? "appendix" : "boilerplate";
  return findings.test(title) ? "findings" : within;
}

/** Whether a collapsed block within a finding says nothing about the code: what to paste elsewhere, how to use the bot. */
export function isAside(title: string): boolean {
  return /prompt|\btips?\b|\babout\b|\bcommands?\b|learnings/i.test(title);
}

/** Whether a collapsed block is a list of findings of its own and no part of the finding before it. */
export function isOwnList(title: string): boolean {
  return surelyFindings.test(title);
}

/** Sentences of bots that ask for nothing, as a whole paragraph begins with them or is made of them. */
const phrases: readonly RegExp[] = [
  /^actionable comments posted/i,
  /come back (?:again )?(?:in|later)|(?:in|after) a few (?:minutes|moments)|review (?:is )?(?:in progress|triggered|skipped|started|finished|completed?)|(?:currently|still) (?:reviewing|processing)/i,
  /\breviewed \d+ (?:out )?of \d+|\bgenerated (?:\d+|no) (?:new )?comments?/i,
  /^(?:here are|i (?:have )?left|posted) (?:some|a few|my|\d+) [^.]{0,60}(?:suggestions?|comments?|notes?)\b[^.\n]*[.:]?$/i,
  /^some comments are outside the diff/i,
  /^(?:✅\s*)?(?:no (?:new |major |further )?(?:issues?|problems?|comments?|concerns?|findings?|bugs?)|found no (?:new )?issues|did(?:n't| not) find any|all good|looks good|lgtm)\b[^\n]*$/i,
  /^thanks? (?:you )?for (?:using|the pull|this pull|opening)|free trial|upgrade (?:to|your)|was this (?:helpful|useful)|react with|reply (?:to|with)|leave (?:us )?feedback|(?:last )?reviewed commit|learn more|edit (?:code )?review|view (?:in|on)|(?:share|follow) (?:your|us)|tag @|mention @|comment @/i,
  /^\[!(?:tip|note|important)\]/i,
  /^this (?:pull request|pr) (?:adds|introduces|changes|updates|refactors|fixes|implements|removes|modifies)\b/i,
];

/** Whether a bot's paragraph asks for nothing. */
export function isBoilerplate(text: string): boolean {
  const words = text.replace(/^(?:\[!(?:caution|warning)\]|[\s*_~>#\p{S}])+/iu, "").trim();
  return words === "" || words === "(image)" || phrases.some((phrase) => phrase.test(words));
}
