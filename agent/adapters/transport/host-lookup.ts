// Addresses of the broker's host, from the system's resolver.

import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/**
 * A lookup for one process. getaddrinfo(3) takes a thread of the pool that also syncs the journal, for half a minute
 * where no name server answers: whoever asks for the same host meanwhile waits for the answer that is on its way. Each
 * time the list begins with another address, so that an attempt which has not the time for all of them is followed by
 * one that tries the rest. Node.js itself goes on from one address, and from one family, to the other (RFC 8305).
 */
export function createHostLookup(resolve: Resolve = systemAddresses): LookupFunction {
  const underWay = new Map<string, Promise<readonly LookupAddress[]>>();
  let turn = 0;

  function resolveOnce(host: string): Promise<readonly LookupAddress[]> {
    const known = underWay.get(host);
    if (known !== undefined) return known;
    const answer = resolve(host).finally(() => underWay.delete(host));
    underWay.set(host, answer);
    return answer;
  }

  return (host, { all }, done) => {
    resolveOnce(host).then(
      (addresses) => {
        const rotated = rotate(addresses, turn++);
        const [first] = rotated;
        // Node.js cannot do with an empty list.
        if (first === undefined) done(Object.assign(new Error(`${host} has no address`), { code: 'ENODATA' }), []);
        else if (all === true) done(null, rotated);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, []),
    );
  };
}

/** In the resolver's order, as gai.conf(5) has it. Left to itself Node.js 20 takes that order too, but can be told otherwise. */
function systemAddresses(host: string): Promise<readonly LookupAddress[]> {
  return lookup(host, { all: true, order: 'verbatim', hints: ADDRCONFIG });
}

function rotate(addresses: readonly LookupAddress[], turn: number): LookupAddress[] {
  const first = addresses.length === 0 ? 0 : turn % addresses.length;
  return [...addresses.slice(first), ...addresses.slice(0, first)];
}
