/**
 * Where a file may come from or go to. A document, or a server that redirects, could otherwise make the agent reach what
 * only this machine may: services on loopback, and the credentials that a cloud's metadata service hands out.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const METADATA = 'the metadata service of a cloud';
const OURSELVES = 'a loopback or link-local address';

/** EC2's (also on IPv6, and in a NAT64 network), and that of containers (169.254.170.0/24); Google's and Alibaba's. */
const metadata = blockList(
  ['169.254.169.254', 32],
  ['169.254.170.0', 24],
  ['100.100.100.200', 32],
  ['fd00:ec2::', 32],
  ['fd20:ce::254', 128],
  ['64:ff9b::a9fe:a9fe', 128],
  ['64:ff9b::a9fe:aa00', 120],
);

/** RFC 6890: "this host", loopback and link-local, the last two also as RFC 6052 embeds them; `::/96` holds `::1`. */
const ourselves = blockList(
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['::', 96],
  ['fe80::', 10],
  ['64:ff9b::7f00:0', 104],
  ['64:ff9b::a9fe:0', 112],
);

function blockList(...subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, isIP(net) === 6 ? 'ipv6' : 'ipv4');
  return list;
}

/** @param isListed the operator allows the host by its name. @returns what is wrong with it, or nothing. */
export function addressProblem(address: string, isListed: boolean): string | undefined {
  const [bare = ''] = address.split('%'); // a zone, as in fe80::1%eth0
  // An address of IPv4 in the form of IPv6 (::ffff:0:0/96) is checked against the rules of IPv4 as well.
  const family = isIP(bare) === 6 ? 'ipv6' : 'ipv4';
  if (metadata.check(bare, family)) return METADATA;
  return !isListed && ourselves.check(bare, family) ? OURSELVES : undefined;
}

/** As `addressProblem`, for a host of a URL that is an address; nothing for a name. */
export function hostProblem(hostname: string, isListed: boolean): string | undefined {
  const address = withoutBrackets(hostname);
  return isIP(address) === 0 ? undefined : addressProblem(address, isListed);
}

/** RFC 6761, section 6.3; and the names that clouds give their metadata services (Google, EC2, Azure, Oracle). */
const OUR_NAMES = /^(?:(?:.*\.)?localhost|localhost[46]?\.localdomain[46]?|ip6-localhost|ip6-loopback)$/;
const METADATA_NAMES = /^(?:metadata(?:\.google\.internal|\.goog)?|instance-data(?:\.[a-z0-9.-]*internal)?)$/;

/** For a host whose address somebody else finds out, as a proxy does: what its name alone tells. */
export function nameProblem(hostname: string, isListed: boolean): string | undefined {
  const name = hostname.replace(/\.$/, '');
  if (METADATA_NAMES.test(name)) return METADATA;
  if (!isListed && OUR_NAMES.test(name)) return OURSELVES;
  return hostProblem(hostname, isListed);
}

/** As URLs have IPv6 addresses. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Name lookup that fails where any address is refused: what is connected to is one of those that were looked at. */
export function lookupAllowed(isListed: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      for (const { address } of addresses) {
        const problem = addressProblem(address, isListed);
        if (problem !== undefined) return callback(addressRefused(hostname, problem), '', 0);
      }
      const [first] = addresses;
      if (options.all === true) return callback(null, addresses);
      return callback(null, first?.address ?? '', first?.family);
    });
  };
}

/** The system would have connected to what may not be connected to. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
}

export function addressRefused(hostname: string, problem: string): AddressRefusedError {
  return new AddressRefusedError(`${hostname} is ${problem}`);
}
