import { Buffer } from "node:buffer";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const BLOCK = 512;
/** Packing speed matters more than size on a loopback device. */
const LEVEL = 1;

/**
 * Packs an installed package the way `npm pack` lays it out: everything below `package/`, sorted, with one fixed date,
 * so that the same directory always gives the same bytes. Nested `node_modules` are packages of their own and symbolic
 * links never come out of a registry; both are left out.
 *
 * @throws Error when a path is too long for the ustar format
 */
export async function packTarball(directory: string): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for (const path of await filesBelow(directory, "")) {
    const [content, { mode }] = await Promise.all([readFile(join(directory, path)), stat(join(directory, path))]);
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    blocks.push(header(`package/${path}`, content.length, mode), content, padding);
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return promisify(gzip)(Buffer.concat(blocks), { level: LEVEL });
}

async function filesBelow(root: string, below: string): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isFile()) found.push(path);
    else if (entry.isDirectory() && entry.name !== "node_modules") found.push(...(await filesBelow(root, path)));
  }
  return found.sort();
}

/** One ustar header (POSIX.1-1988): offsets and widths are the format's. */
function header(path: string, size: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = splitPath(path);
  block.write(name, 0, 100, "utf8");
  block.write(mode & 0o111 ? "0000755" : "0000644", 100);
  block.write("0000000", 108);
  block.write("0000000", 116);
  block.write(size.toString(8).padStart(11, "0"), 124);
  block.write("00000000000", 136);
  block.write(" ".repeat(8), 148);
  block.write("0", 156);
  block.write("ustar\u000000", 257, "latin1");
  block.write(prefix, 345, 155, "utf8");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}

/** A path of more than 100 bytes is cut at a slash: the front goes into the prefix field of 155 bytes. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  for (let cut = path.indexOf("/"); cut !== -1; cut = path.indexOf("/", cut + 1)) {
    const name = path.slice(cut + 1);
    const prefix = path.slice(0, cut);
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix };
  }
  throw new Error(`path too long for a tar archive: ${path}`);
}
