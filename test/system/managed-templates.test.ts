/**
 * AWS's eight managed templates, as a job is made of each by its ARN: done by the operation that stands in for the
 * template's handler script, and by a script of that name where there is one.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JsonValue } from '../../agent/core/json.ts';
import { MANAGED_TEMPLATES } from '../../local-cloud/templates/managed-templates.ts';
import { type AgentAndCloud, startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { startFileServer } from '../fixtures/file-server.ts';
import { startTestCloud, type TestCloud } from '../fixtures/job-cloud.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { createStepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const OWN_USER = userInfo().username;

interface Template {
  readonly name: string;
  /** The script in its document; AWS-Run-Command has none. */
  readonly script?: string;
  readonly operation: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What the script gets after the user. */
  readonly args: readonly string[];
}

const URL = 'https://artifacts.example.com/a.bin?X-Amz-Signature=a%2Fb&x=1';
const TEMPLATES: readonly Template[] = [
  { name: 'AWS-Reboot', script: 'reboot.sh', operation: 'reboot', parameters: {}, args: [] },
  {
    name: 'AWS-Download-File',
    script: 'download-file.sh',
    operation: 'download-file',
    parameters: { downloadUrl: URL, filePath: '/opt/a b' },
    args: [URL, '/opt/a b'],
  },
  ...(['Install', 'Remove'] as const).map((verb) => ({
    name: `AWS-${verb}-Application`,
    script: `${verb.toLowerCase()}-packages.sh`,
    operation: `${verb.toLowerCase()}-packages`,
    parameters: { packages: 'jq wget' },
    args: ['jq wget'],
  })),
  ...(['Start', 'Stop', 'Restart'] as const).map((verb) => ({
    name: `AWS-${verb}-Application`,
    script: `${verb.toLowerCase()}-services.sh`,
    operation: 'services',
    parameters: { services: 'nginx gateway-app' },
    args: ['nginx gateway-app'],
  })),
  { name: 'AWS-Run-Command', operation: 'run-command', parameters: { command: 'echo,a\\,b,c' }, args: [] },
];
const WITH_SCRIPT = TEMPLATES.filter(({ script }) => script !== undefined);

test('the templates are the eight that AWS serves', () => {
  expect(TEMPLATES.map(({ name }) => name).sort()).toEqual(
    MANAGED_TEMPLATES.map(({ templateName }) => templateName).sort(),
  );
});

test.each(TEMPLATES)('the document of $name is done by $operation where there is no script', async (template) => {
  const setup = await createStepRunnerSetup();
  onTestFinished(() => setup.remove());
  const review = await setup.stepRunner.review(planOf(await documentOf(template)));
  expect(review).toMatchObject({ verdict: 'run', steps: [{ operation: template.script ?? template.operation }] });
});

describe('with a script of its name in handlersDir', () => {
  test('each calls it as the Device Client does: the user, then the arguments', async () => {
    const there = await startWithScripts();
    for (const template of WITH_SCRIPT) {
      const { status, statusDetails } = await runTemplate(there, template);
      expect([template.name, status]).toEqual([template.name, 'SUCCEEDED']);
      expect(statusDetails.detailsMap).toMatchObject({ user: '[]', args: told(template), folder: there.handlersDir });
      const named = await runTemplate(there, template, { runAsUser: OWN_USER });
      expect(named.statusDetails.detailsMap).toMatchObject({ user: `[${OWN_USER}]`, args: told(template) });
    }
  });

  test('a user whom configuration does not allow is REJECTED', async () => {
    const there = await startWithScripts();
    for (const template of WITH_SCRIPT) {
      expect(await runTemplate(there, template, { runAsUser: 'nobody' })).toMatchObject({
        status: 'REJECTED',
        statusDetails: { detailsMap: { reasonCode: 'USER_NOT_ALLOWED', path: '/steps/0/action/runAsUser' } },
      });
    }
  });

  test('each takes it from the folder that it names, if handlerPaths has that', async () => {
    const there = await startWithScripts();
    for (const template of WITH_SCRIPT) {
      const elsewhere = join(there.handlersDir, '..', 'elsewhere');
      expect(await runTemplate(there, template, { pathToHandler: elsewhere })).toMatchObject({
        status: 'SUCCEEDED',
        statusDetails: { detailsMap: { folder: elsewhere } },
      });
      expect(await runTemplate(there, template, { pathToHandler: '/usr/bin' })).toMatchObject({
        status: 'REJECTED',
        statusDetails: { detailsMap: { reasonCode: 'HANDLER_FOLDER_NOT_ALLOWED' } },
      });
    }
  });
});

describe('without scripts', () => {
  test('AWS-Download-File downloads', async () => {
    const server = await startFileServer((_, response) => response.end('content'));
    onTestFinished(() => server.close());
    const there = await startAgentAndCloud({ env: { JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1' } });
    const path = join(there.handlersDir, '..', 'a.bin');
    const parameters = { downloadUrl: `${server.origin}/a.bin?X-Amz-Signature=a%2Fb&x=1`, filePath: path };
    const download = { ...(TEMPLATES[1] as Template), parameters };
    expect((await runTemplate(there, download)).status).toBe('SUCCEEDED');
    expect(await readFile(path, 'utf8')).toBe('content');
    expect(server.requests[0]?.url).toBe('/a.bin?X-Amz-Signature=a%2Fb&x=1');
  });

  test('AWS-Run-Command runs its words, and as the user that it names', async () => {
    const there = await startAgentAndCloud();
    const mark = join(there.handlersDir, '..', 'mark');
    const command = `sh,-c,printf '<%s>' "$@" > ${mark},sh,a\\,b,$HOME`;
    const template = { ...(TEMPLATES.at(-1) as Template), parameters: { command } };
    expect((await runTemplate(there, template)).status).toBe('SUCCEEDED');
    expect(await readFile(mark, 'utf8')).toBe('<a,b><$HOME>');
    expect(await runTemplate(there, template, { runAsUser: 'nobody' })).toMatchObject({ status: 'REJECTED' });
  });

  test('AWS-Reboot asks for a restart', async () => {
    const { cloud, agent } = await startAgentAndCloud({ env: { JOB_AGENT_REBOOT_COMMAND: '["true"]' } });
    createTemplateJob(cloud, 'reboot', TEMPLATES[0] as Template);
    await agent.line(({ msg }) => String(msg).startsWith('rebootCommand was accepted'));
  });
});

/** argv[1] is the user, then the arguments; it knows its folder as a script does. It tells what it was given. */
const CONTRACT_SCRIPT = `#!/usr/bin/env sh
set -e
user=$1
shift 1
{
  echo "user=[$user]"
  printf 'args=[]'; for arg; do printf '<%s>' "$arg"; done; echo
  echo "folder=$(cd "$(dirname "$0")" && pwd)"
} >> "$JOB_STATUS_FILE"
`;

/** What the script tells of its arguments; the query of a URL is told nobody. */
function told({ args }: Template): string {
  if (args.length === 0) return '[]';
  const text = `[]${args.map((arg) => `<${arg}>`).join('')}`;
  return text.includes('?') ? expect.stringContaining(text.slice(0, text.indexOf('?'))) : text;
}

/** With a script for each template in handlersDir, and in another folder that may be named. */
async function startWithScripts(): Promise<AgentAndCloud> {
  const env = { JOB_AGENT_RUN_AS_USERS: OWN_USER, JOB_AGENT_HANDLER_PATHS: 'elsewhere' };
  const there = await startAgentAndCloud({ env });
  const elsewhere = join(there.handlersDir, '..', 'elsewhere');
  await mkdir(elsewhere);
  for (const { script = '' } of WITH_SCRIPT) {
    for (const folder of [there.handlersDir, elsewhere]) {
      await writeFile(join(folder, script), CONTRACT_SCRIPT, { mode: 0o700 });
    }
  }
  return there;
}

let jobs = 0;

async function runTemplate(there: AgentAndCloud, template: Template, more: Readonly<Record<string, string>> = {}) {
  const jobId = `job-${++jobs}`;
  createTemplateJob(there.cloud, jobId, { ...template, parameters: { ...template.parameters, ...more } });
  return there.over(jobId);
}

function createTemplateJob(cloud: TestCloud, jobId: string, { name, parameters }: Template): void {
  const known = MANAGED_TEMPLATES.find(({ templateName }) => templateName === name);
  cloud.jobs.control('CreateJob', {
    jobId,
    targets: [`arn:aws:iot:us-east-1:123456789012:thing/${THING}`],
    jobTemplateArn: known?.templateArn ?? '',
    documentParameters: parameters,
  });
}

async function documentOf(template: Template): Promise<JsonValue> {
  const cloud = await startTestCloud({ things: [THING] });
  createTemplateJob(cloud, 'described', template);
  const { document } = cloud.jobs.control('GetJobDocument', { jobId: 'described' }) as { document: string };
  return JSON.parse(document) as JsonValue;
}
