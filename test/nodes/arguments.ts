/** The command line of `npm run test:nodes`. */
import { parseArgs } from 'node:util';

export interface NodesArguments {
  /** Major versions of Node.js; each Debian's own is checked besides. */
  readonly nodes: readonly number[];
  readonly architectures: readonly Architecture[];
  /** Whether files above 2 GiB are downloaded and unpacked. */
  readonly large: boolean;
}

/** As Debian calls them. */
export const ARCHITECTURES = ['amd64', 'arm64', 'armhf', 'i386'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export const USAGE = `Usage: npm run test:nodes -- [--node 22,24] [--arch ${ARCHITECTURES.join(',')}] [--large]\n`;

/** @throws Error that says which argument is wrong. */
export function parseNodesArguments(argv: readonly string[]): NodesArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      node: { type: 'string', default: '22,24,26' },
      arch: { type: 'string', default: ARCHITECTURES.join(',') },
      large: { type: 'boolean', default: false },
    },
  });
  const nodes = values.node === '' ? [] : values.node.split(',').map(Number);
  if (!nodes.every((major) => Number.isSafeInteger(major) && major >= 20))
    throw new Error(`--node: expected major versions from 20 with commas between, got ${values.node}`);
  const architectures = values.arch.split(',');
  if (!architectures.every(isArchitecture))
    throw new Error(`--arch: expected of ${ARCHITECTURES.join(', ')} with commas between, got ${values.arch}`);
  return { nodes, architectures, large: values.large };
}

function isArchitecture(text: string): text is Architecture {
  return ARCHITECTURES.some((one) => one === text);
}
