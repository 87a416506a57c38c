/** Every check that has a short form in `npm test` or CI, at its whole count. In the order they run. */

export interface FullRun {
  readonly name: string;
  /** What it shows, in a few words. */
  readonly about: string;
  /** Arguments of npm. */
  readonly npm: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const FULL_RUNS: readonly FullRun[] = [
  { name: 'defects', about: 'the 13 defects of the AWS IoT Device Client', ...defects() },
  { name: 'explore', about: 'the core, every order of events', npm: script('test:explore') },
  {
    name: 'simulation',
    about: 'the shell with a simulated world',
    npm: script('test:simulation', '--executions', '20000'),
  },
  {
    name: 'link',
    about: 'the connection cut and abused',
    npm: script('test:link', '--cuts', 'all', '--packets', '300000'),
  },
  { name: 'chaos', about: 'agents killed at system calls', npm: script('test:chaos', '--kills', '2000') },
  { name: 'power', about: 'power cuts, and every bit flipped', npm: script('test:power', '--states', '6000') },
  { name: 'disk', about: 'disk errors at every call', npm: script('test:disk', '--stride', '1') },
  {
    name: 'download',
    about: 'a gigabyte, with its server, link and agent killed',
    npm: script('test:download', '--mebibytes', '1024'),
  },
  {
    name: 'fuzz',
    about: 'fuzzed job documents, and faults that must be found',
    npm: script('test:fuzz', '--documents', '10000'),
  },
  {
    name: 'nodes',
    about: 'other versions of Node.js, and ARM',
    npm: script('test:nodes', '--large'),
  },
  { name: 'programs', about: 'containers and firmware, by the real programs', npm: script('test:programs') },
  { name: 'systemd', about: 'the service, on a real systemd', npm: script('test:systemd') },
  { name: 'container', about: 'the image, under podman', npm: script('test:container') },
  { name: 'soak', about: 'half an hour with faults', npm: script('soak', '--minutes', '30') },
];

function script(name: string, ...flags: readonly string[]): readonly string[] {
  return ['run', '--silent', name, ...(flags.length === 0 ? [] : ['--', ...flags])];
}

function defects(): Pick<FullRun, 'npm' | 'env'> {
  return { npm: ['exec', '--', 'vitest', 'run', 'test/system/device-client-defects'], env: { DEFECTS: 'whole' } };
}

/** As one would type it. */
export function commandOf({ npm, env = {} }: FullRun): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value} `);
  return `${variables.join('')}npm ${npm.filter((word) => word !== '--silent').join(' ')}`;
}
