import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * What every sandboxed command may read: programs, libraries and the few system settings they need. Everything that is
 * not listed here or in the command is invisible (security.md T16). No `/etc` as a whole: it holds host keys, service
 * passwords and registry tokens.
 */
const system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sys/devices/system/cpu"];

const settings = [
  "alternatives",
  "ca-certificates",
  "crypto-policies",
  "debian_version",
  "fonts",
  "group",
  "host.conf",
  "hosts",
  "inputrc",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "locale.alias",
  "locale.conf",
  "localtime",
  "magic",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "passwd",
  "pki/ca-trust",
  "pki/tls/certs",
  "protocols",
  "services",
  "ssl/certs",
  "ssl/openssl.cnf",
  "timezone",
];

/** The allow-list, reduced to what exists on this machine. */
export function systemReads(): readonly string[] {
  return [...system, ...settings.map((name) => join("/etc", name))].filter((path) => existsSync(path));
}

/**
 * Directories of the Node.js we run on, for agents and repositories that need one: its program directory, and npm beside
 * it where the two are installed together.
 */
export function nodeReads(): readonly string[] {
  const programs = dirname(realpathSync(process.execPath));
  const modules = join(dirname(programs), "lib", "node_modules");
  return existsSync(join(modules, "npm")) ? [programs, modules] : [programs];
}
