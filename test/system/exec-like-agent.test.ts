// What `job-agent exec` says of a document is what the agent tells the cloud of a job with it.

import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startAgentAndCloud } from '../fixtures/agent-and-cloud.ts';
import { runAgentCommand } from '../fixtures/agent-process.ts';

const run = (...command: string[]) => ({ operation: 'run-command', parameters: { command } });
const tell = (text: string) => run('sh', '-c', `echo ${text}; echo ${text} >&2`);

const DOCUMENTS: Readonly<Record<string, object>> = {
  'a success with its output': { ...tell('hello'), includeStdOut: true },
  'a failure with the end of stderr': run('sh', '-c', 'echo why >&2; exit 7'),
  'a signal': run('sh', '-c', 'kill -KILL $$'),
  'a time limit': { ...run('sleep', '300'), timeoutSeconds: 1 },
  'several steps, one of which may fail': { steps: [{ ...run('false'), onFailure: 'continue' }, tell('two')] },
  'a step that is run again': { steps: [{ ...run('false'), retries: { count: 1, delaySeconds: 1 } }, tell('two')] },
  'a step that is passed by': { steps: [{ ...run('false'), runIf: { fileExists: '/no-such-file' } }, tell('two')] },
  'a module that reports': { operation: 'write-file', parameters: { path: 'a.txt', content: 'hello' } },
  'parameters that do not fit': { operation: 'write-file', parameters: { path: 'a.txt' } },
  'an operation that there is not': { operation: 'write-fil' },
  'a document of no format': { operations: [] },
  'a template of AWS': {
    version: '1.0',
    steps: [{ action: { name: 'say', type: 'runCommand', input: { command: 'echo,hello' } } }],
  },
};

const STATUSES = [
  ...['SUCCEEDED', 'FAILED', 'FAILED', 'FAILED', 'SUCCEEDED', 'FAILED', 'SUCCEEDED', 'SUCCEEDED'],
  ...['REJECTED', 'REJECTED', 'REJECTED', 'SUCCEEDED'],
];

test('exec tells of each document what the agent tells the cloud', async () => {
  const { configPath, runJob } = await startAgentAndCloud();
  const told: Record<string, unknown> = {};
  const tried: Record<string, unknown> = {};
  for (const [index, [name, document]] of Object.entries(DOCUMENTS).entries()) {
    const { status, statusDetails } = await runJob(`job-${index}`, document);
    told[name] = withoutPlaces({ status, statusDetails: statusDetails.detailsMap });
    const file = join(dirname(configPath), `document-${index}.json`);
    await writeFile(file, JSON.stringify(document));
    const { stdout } = await runAgentCommand(['exec', file, '--json', '--quiet', '--config', configPath]);
    tried[name] = withoutPlaces(JSON.parse(stdout));
  }
  expect(tried).toEqual(told);
  expect(Object.values(told).map((end) => (end as { status: string }).status)).toEqual(STATUSES);
}, 180_000); // twelve jobs, each of them twice

/** Working folders are each execution's own. */
function withoutPlaces(end: { readonly status: string; readonly statusDetails: Readonly<Record<string, string>> }) {
  const { path, ...details } = end.statusDetails;
  return { status: end.status, details, path: path?.replace(/^\/.*\/work\/[^/]+\//, 'WORK/') };
}
