/**
 * Faults that are put into a copy of the agent's bundle, by exchanging a piece of its text: each must be found, or the run
 * has shown nothing. A piece that is not there any more is an error: the fault has to be thought out anew.
 */

export interface Fault {
  readonly name: string;
  /** What the agent does wrong with it. */
  readonly about: string;
  readonly changes: readonly (readonly [piece: string | RegExp, replacement: string])[];
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'shell',
    about: 'run-command joins the words and hands them to a shell',
    changes: [
      [
        /command: \(\{ command: \[program = "", \.\.\.args\] \}\) => \[program, \.\.\.args\]/,
        'command: ({ command }) => ["/bin/sh", "-c", command.join(" ")]',
      ],
    ],
  },
  {
    name: 'split',
    about: 'run-command splits arguments at spaces',
    changes: [
      [
        /command: \(\{ command: \[program = "", \.\.\.args\] \}\) => \[program, \.\.\.args\]/,
        'command: ({ command: [program = "", ...args] }) => [program, ...args.flatMap((arg) => arg.split(" "))]',
      ],
    ],
  },
  {
    name: 'nul',
    about: 'null bytes in arguments are cut out and not refused',
    changes: [
      ['pattern: "^[^\\\\u0000]*$"', 'pattern: "^[^]*$"'],
      [
        /command: \(\{ command: \[program = "", \.\.\.args\] \}\) => \[program, \.\.\.args\]/,
        'command: ({ command: [program = "", ...args] }) => [program, ...args.map((arg) => arg.replaceAll("\\0", ""))]',
      ],
    ],
  },
  {
    name: 'traversal',
    about: '.. is taken in paths',
    changes: [['(?!(?:.*/)?[.][.](?:/|$))', '']],
  },
  {
    name: 'link',
    about: 'a relative path follows links out of the working folder',
    changes: [[/function leadsOut\(([^)]*)\) \{/, 'function leadsOut($1) { return false;']],
  },
  {
    name: 'option',
    about: 'names of packages may begin with a hyphen',
    changes: [[/(NAME\d* = ")\[A-Za-z0-9\]\(\?:\[A-Za-z0-9\+/, '$1[-A-Za-z0-9](?:[A-Za-z0-9+']],
  },
  {
    name: 'late review',
    about: 'steps are not reviewed before the first one runs',
    changes: [
      [
        /(async function reviewPlan\([^{]*\{\s*const steps = \[\];\s*for \(const \w+ of plan\d*\.steps)\)/,
        '$1.slice(0, 1))',
      ],
    ],
  },
  {
    name: 'orphan',
    about: 'processes that leave their group are not ended',
    changes: [[/function readRunMarker\((\w+)\) \{/, 'function readRunMarker($1) { return undefined;']],
  },
  {
    name: 'folder',
    about: 'the folder of an execution stays when it is closed',
    changes: [[/removeTree\((join\d*\(stateDir, kind)/, 'Promise.resolve($1']],
  },
  {
    name: 'address',
    about: 'files are fetched from this machine itself',
    changes: [[/function addressProblem\(([^)]*)\) \{/, 'function addressProblem($1) { return undefined;']],
  },
  {
    name: 'depth',
    about: 'nesting is not limited, and documents are read by recursion',
    changes: [
      [
        /function findHazard\((\w+)\) \{/,
        'function findHazard($1) { const walk = (value) => { for (const inner of Object.values(value ?? {})) if (typeof inner === "object") walk(inner); }; walk($1); return undefined;',
      ],
    ],
  },
];

/** @throws Error when a piece is not there. */
export function withFault(bundle: string, { name, changes }: Fault): string {
  return changes.reduce((text, [piece, replacement]) => {
    const changed =
      typeof piece === 'string' ? text.replaceAll(piece, () => replacement) : text.replace(piece, replacement);
    if (changed !== text) return changed;
    throw new Error(`the fault ${name} cannot be put in: ${piece} is not in the bundle; see test/fuzz/faults.ts`);
  }, bundle);
}
