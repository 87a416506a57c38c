/** Why a server could not be reached, or was lost, for an operator. */

/** errno(3) and getaddrinfo(3), as Node.js names them. */
const WORDS: Readonly<Record<string, (place: string) => string>> = {
  ENOTFOUND: (place) => `there is no host of the name ${place}`,
  EAI_AGAIN: (place) => `no name server answered when it was asked for ${place}`,
  ECONNREFUSED: (place) => `${place} takes no connections`,
  ECONNRESET: (place) => `the connection to ${place} broke`,
  EPIPE: (place) => `the connection to ${place} broke`,
  EHOSTUNREACH: (place) => `there is no way to ${place}`,
  ENETUNREACH: (place) => `there is no way to ${place}`,
  ETIMEDOUT: (place) => `${place} did not answer in time`,
};

/** @returns such as `there is no host of the name files.example (ENOTFOUND)`; what has no such code keeps its message. */
export function connectionProblem(error: unknown): string {
  const { code = '', message, hostname, address, port } = error as NodeJS.ErrnoException & Place;
  const place = hostname ?? (address === undefined ? 'the server' : `${address} port ${port}`);
  const words = WORDS[code]?.(place);
  return words === undefined ? message || code || 'unknown error' : `${words} (${code})`;
}

/** Where the system says it; of a host with several addresses, none of which answered, it does not. */
interface Place {
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
}
