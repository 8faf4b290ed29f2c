import { groundHere } from "../stage.ts";
import { names, openTown } from "../town.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { withYard } from "../yard.ts";

const anywhere = [
  out("http-to-loopback", "a service of the host on loopback, such as the operator's page"),
  out("http-around-the-proxy", "the same, past the proxy"),
  out("tunnel-to-loopback", "the same, through a tunnel of the proxy"),
  out("other-spellings-of-loopback", "the same, by every way to write the address"),
  out("port-beside-the-listed", "another port of a listed host, such as the webhooks' one"),
  out("socks-to-loopback", "a service on loopback by SOCKS"),
  out("raw-connection", "an address by plain TCP"),
  out("datagram", "an address by UDP"),
  out("redirect-by-a-listed-host", "a place where a listed host sends it on to"),
  out("second-request-on-a-listed-connection", "another host on a connection that was let through"),
];
/** These need a network of our own, with a name server and private addresses. */
const onStage = [
  out("raw-connection-to-private-range", "an address of the operator's network by plain TCP"),
  out("http-to-private-ranges", "services of the operator's network"),
  out("http-to-metadata-service", "the credentials a cloud gives its machines"),
  out("listed-name-that-leads-inside", "the operator's network by a listed name"),
  out("listed-name-that-leads-to-loopback", "loopback by a listed name"),
  out("listed-name-that-leads-to-metadata", "the metadata service by a listed name"),
  out("listed-name-that-changes-its-mind", "an address that is checked as one and dialled as another"),
  out("name-query-by-datagram", "words carried out in the question to a name server"),
  out("name-query-by-resolver", "the same by the system's resolver"),
  out("name-query-through-the-proxy", "the same by the proxy, which asks for the name"),
];
const vectors = [...anywhere, ...onStage];

/** Ways out: nothing may arrive anywhere but at what is listed (T18). */
export const egressTrial: Trial = {
  name: "egress",
  vectors,
  async play(driver: Driver): Promise<Findings> {
    const halves = await Promise.all([tryThese(driver, anywhere), tryThese(driver, onStage)]);
    return Object.assign({}, ...halves);
  },
};

function tryThese(driver: Driver, group: readonly Vector[]): Promise<Findings> {
  return withYard(driver, async (yard) => {
    const isHere = groundHere() === "stage" || group === anywhere;
    const town = await openTown();
    const { port } = town;
    const attempts = isHere ? ["listed-host", ...group.map(({ name }) => name)] : [];
    const network = [
      town.listed,
      ...Object.values(names).map((name) => (name === names.metadata ? `${name}:80` : `${name}:${port}`)),
    ];
    const targets = { listed: town.listed, port, datagramPort: town.datagramPort, names };
    const ran = await yard.run({ attempts, targets, change: { network } });
    // A network that lets nothing through would contain everything and prove nothing.
    if (isHere && !town.heardAtListed(`${yard.mark}-listed-host`))
      throw new Error(`the listed host was not reached: ${ran.output}`);
    return Object.fromEntries(
      group.map(({ name }): [string, Finding] => {
        if (!isHere) return [name, { kind: "not_here", how: "needs a network of its own, which takes root" }];
        // Its first request must go through, or the second was not the one that was refused.
        const half = name === "second-request-on-a-listed-connection" && driver === "srt";
        const tried = ran.tried(name) && (!half || town.heardAtListed(`${yard.mark}-${name}`));
        if (!tried) return [name, { kind: "untried", how: JSON.stringify(ran.outcome) }];
        const arrived = town.heard(`${yard.mark}-${name}`);
        return [name, finding(arrived, arrived ? "its words arrived" : "nothing arrived")];
      }),
    );
  });
}

function out(name: string, what: string): Vector {
  return { name, threat: "T18", what };
}
