/** The command lines of `npm run demo`, `npm run dev` and `npm run job`. */

export type Arguments =
  | { readonly command: 'demo' | 'dev' }
  /** A document to make a job of, or the id of a job that is there. */
  | { readonly command: 'job'; readonly file: string }
  | { readonly command: 'job'; readonly jobId: string }
  | { readonly command: 'help'; readonly usage: string };

/** What is wrong with the command line, and below it how it goes. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const USAGE = {
  demo: 'Usage: npm run demo    local cloud and one gateway agent, six jobs, and how each ended\n',
  dev: `Usage: npm run dev    local cloud and one gateway agent, up until Ctrl-C; says itself what can be done with them
Its settings are in .job-cloud/things/gateway-1/config.json, which may be edited; the agent reads them when it starts.
`,
  job: `Usage: npm run job -- FILE               makes a job of the document in FILE and follows it to its end
       npm run job -- --follow JOB_ID    follows a job that is there
Needs npm run dev in another terminal. Exit codes: 0 SUCCEEDED, 1 ended otherwise, 2 wrong usage, 69 no local cloud.
`,
} as const;

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  const [flag = '', ...rest] = argv;
  const command = flag === '--dev' ? 'dev' : flag === '--job' ? 'job' : 'demo';
  const args = command === 'demo' ? argv : rest;
  if (args.includes('--help') || args.includes('-h')) return { command: 'help', usage: USAGE[command] };
  if (command === 'job') return parseJobArguments(args);
  if (args[0] !== undefined) refuse(command, `expected no arguments, got '${args[0]}'`);
  return { command };
}

function parseJobArguments(args: readonly string[]): Arguments {
  const follows = args[0] === '--follow';
  const [name, tooMuch] = follows ? args.slice(1) : args;
  if (name === undefined) return refuse('job', follows ? 'which job?' : 'which document?');
  if (name.startsWith('-')) return refuse('job', `unknown option '${name}'`);
  if (tooMuch !== undefined) return refuse('job', `expected nothing after '${name}', got '${tooMuch}'`);
  return follows ? { command: 'job', jobId: name } : { command: 'job', file: name };
}

function refuse(command: keyof typeof USAGE, problem: string): never {
  throw new UsageError(`${command}: ${problem}\n${USAGE[command]}`);
}
