import { type Block, plainText, type Section } from "./body-outline.ts";
import { type FindingPlace, nowhere, pathTitle, placeAnywhere, placeAtStart } from "./finding-place.ts";
import { isAside, isBoilerplate, isOwnList, kindOfTitle, type SectionKind } from "./section-kinds.ts";

/** A finding as it stands in the source. */
export interface Draft {
  readonly pieces: string[];
  readonly place: FindingPlace;
  /** Whether it began with its place or only with a title in bold. */
  readonly beganWith: "place" | "title" | "marker";
}

/** Findings in the order of the body, and whether words were left that belong to none. */
export interface Collected {
  readonly drafts: Draft[];
  prose: "none" | "some";
}

/** What surrounds a block. */
interface Zone {
  readonly from: "person" | "bot";
  readonly kind: SectionKind;
  /** The file whose findings are listed here. */
  readonly path: string | undefined;
}

/** What a block is in its section. */
type Step =
  | { readonly kind: "begins"; readonly place: FindingPlace; readonly with: "place" | "title" }
  | { readonly kind: "lists"; readonly items: Block["items"]; readonly rest: "none" | "some" }
  | { readonly kind: "continues" }
  | { readonly kind: "stands_alone" };

/** Finds where findings begin and what belongs to them. */
export function collectFindings(body: Section, from: "person" | "bot"): Collected {
  const collected: Collected = { drafts: [], prose: "none" };
  collect(body, { from, kind: "unknown", path: undefined }, collected);
  return collected;
}

function collect(section: Section, zone: Zone, collected: Collected): void {
  const before = collected.drafts.length;
  const loose: string[] = [];
  let open: Draft | undefined;
  for (const [index, child] of section.children.entries()) {
    if (child.kind !== "block") {
      if (open && isPartOfFinding(child, zone)) {
        if (!isAside(child.title)) open.pieces.push(textOf(child));
      } else {
        open = undefined;
        collect(child, zoneOf(child, zone), collected);
      }
      continue;
    }
    if (zone.kind === "appendix") continue;
    const step = readBlock(child, zone, open);
    if (step.kind === "continues") {
      open?.pieces.push(child.source);
      continue;
    }
    open = undefined;
    if (step.kind === "begins") {
      open = { pieces: [child.source], place: withPath(step.place, zone), beganWith: step.with };
      collected.drafts.push(open);
    } else if (step.kind === "lists") {
      collected.drafts.push(...step.items.map((item) => listed(item, zone)));
      if (step.rest === "some" && zone.kind !== "boilerplate") collected.prose = "some";
    } else if (!isLeadIn(child, section.children[index + 1]) && !(zone.from === "bot" && isBoilerplate(child.source))) {
      loose.push(child.source);
    }
  }
  if (loose.length === 0 || zone.kind === "boilerplate") return;
  if (zone.kind === "findings" && collected.drafts.length === before) {
    collected.drafts.push({ pieces: [section.title, ...loose], place: withPath(nowhere, zone), beganWith: "title" });
  } else collected.prose = "some";
}

function readBlock(block: Block, zone: Zone, open: Draft | undefined): Step {
  if (block.node?.type === "list") {
    const isOwn = block.items.some(({ node }) => placeAtStart(firstParagraph(node))?.path !== undefined);
    return open && !isOwn ? { kind: "continues" } : readList(block, zone);
  }
  if (block.node?.type !== "paragraph") return { kind: open ? "continues" : "stands_alone" };
  const text = plainText(block.node);
  const place = placeAtStart(text);
  const isListed = zone.kind === "findings";
  if (place && (isListed || (place.path !== undefined && place.line !== undefined))) {
    return { kind: "begins", place, with: "place" };
  }
  if (isListed && open?.beganWith !== "place" && text.startsWith("**")) {
    return { kind: "begins", place: placeAnywhere(text), with: "title" };
  }
  // Under a list of findings all belongs to one of them; elsewhere a bot's remark may have several paragraphs.
  const belongs = open && (isListed || (zone.from === "bot" && !isBoilerplate(block.source)));
  return { kind: belongs ? "continues" : "stands_alone" };
}

/** People's lists and lists of findings count whole; in the rest of a bot's text only what names a file. */
function readList({ items }: Block, zone: Zone): Step {
  const wanted = items.filter(({ node, source }) => {
    if (source.trim() === "" || node.checked === true) return false;
    if (zone.from === "person" || zone.kind === "findings") return true;
    const { path, line } = placeAnywhere(firstParagraph(node));
    // A summary tells of files, too; only a line says that something is to be done there.
    return path !== undefined && (zone.kind !== "boilerplate" || line !== undefined);
  });
  if (wanted.length === 0) return { kind: "stands_alone" };
  return { kind: "lists", items: wanted, rest: zone.from === "bot" && wanted.length < items.length ? "some" : "none" };
}

function listed({ node, source }: Block["items"][number], zone: Zone): Draft {
  return { pieces: [source], place: withPath(placeAnywhere(firstParagraph(node)), zone), beganWith: "marker" };
}

function firstParagraph(item: Block["items"][number]["node"]): string {
  return item.children[0] ? plainText(item.children[0]) : "";
}

function withPath({ path, line }: FindingPlace, zone: Zone): FindingPlace {
  return { path: path ?? zone.path, line };
}

function zoneOf(section: Section, zone: Zone): Zone {
  const path = pathTitle(section.title);
  if (zone.from === "person") return { ...zone, kind: path ? "findings" : "unknown", path: path ?? zone.path };
  const isDead = zone.kind === "boilerplate" || zone.kind === "appendix";
  if (path) return { ...zone, kind: isDead ? zone.kind : "findings", path };
  return { ...zone, kind: kindOfTitle(section, zone.kind) };
}

function isPartOfFinding(section: Section, zone: Zone): boolean {
  if (section.kind !== "details" || pathTitle(section.title) || isOwnList(section.title)) return false;
  return zone.kind === "findings" || zone.from === "person" || kindOfTitle(section, "unknown") !== "findings";
}

/** "Please fix:" before a list says nothing that the list does not. */
function isLeadIn(block: Block, next: Section | Block | undefined): boolean {
  const isBeforeList = next?.kind === "block" && next.node?.type === "list";
  return isBeforeList && /[:：]\s*[*_]*$/.test(block.source.trimEnd());
}

function textOf(section: Section): string {
  const parts = section.children.map((child) => (child.kind === "block" ? child.source : textOf(child)));
  return [section.title, ...parts].filter((part) => part !== "").join("\n\n");
}
