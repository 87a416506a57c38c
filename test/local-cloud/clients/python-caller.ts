/** boto3 and the AWS command line, where a Python on this machine has them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AwsCaller, CallerOptions, CallResult } from './aws-caller.ts';

const SCRIPT = fileURLToPath(new URL('aws_caller.py', import.meta.url));

export interface PythonClient {
  readonly python: string;
  readonly module: 'boto3' | 'awscli';
}

/** Debian's Python first, and the one of the PATH where it is another. */
export async function installedPythonClients(): Promise<readonly PythonClient[]> {
  const found: PythonClient[] = [];
  const seen = new Set<string>();
  for (const python of ['/usr/bin/python3', 'python3']) {
    const executable = await outputOf(python, 'import sys; print(sys.executable)');
    if (executable === undefined || seen.has(realpathSync(executable))) continue;
    seen.add(realpathSync(executable));
    for (const module of ['boto3', 'awscli'] as const) {
      if ((await outputOf(python, `import ${module}`)) !== undefined) found.push({ python: executable, module });
    }
  }
  return found;
}

export async function startPythonCaller(client: PythonClient, options: CallerOptions): Promise<AwsCaller> {
  const { endpoint, region, credentials } = options;
  const child = spawn(client.python, [SCRIPT, client.module], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent', // no configuration of whoever runs the tests
      PYTHONDONTWRITEBYTECODE: '1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
      TEST_ENDPOINT: endpoint,
    },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${client.module} of ${client.python} ended`);
    return JSON.parse(value);
  };
  const { version, known } = (await nextLine()) as { readonly version: string; readonly known: readonly string[] };
  const operations = new Set(known);
  return {
    name: `${client.module} ${version}`,
    knows: (service, operation) => operations.has(`${service}.${operation}`),
    call: async (service, operation, input) => {
      child.stdin.write(`${JSON.stringify({ service, operation, input })}\n`);
      return (await nextLine()) as CallResult;
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

async function outputOf(python: string, code: string): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(python, ['-c', code])).stdout.trim();
  } catch {
    return undefined;
  }
}
