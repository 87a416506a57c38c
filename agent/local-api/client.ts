/** Asks a running agent over its Unix socket. */
import { request } from 'node:http';
import type { StatusReport } from './server.ts';

export class AgentUnreachableError extends Error {
  override readonly name = 'AgentUnreachableError';
}

const TIMEOUT_MS = 5_000;

/** @throws AgentUnreachableError when no agent answers there. */
export async function fetchStatus(socketPath: string): Promise<StatusReport> {
  const { body } = await get(socketPath, '/v1/status');
  return JSON.parse(body) as StatusReport;
}

/** @returns null when the agent is well, else what ails it. @throws AgentUnreachableError when no agent answers. */
export async function fetchIllness(socketPath: string): Promise<string | null> {
  const { statusCode, body } = await get(socketPath, '/healthz');
  return statusCode === 200 ? null : String((JSON.parse(body) as { illness: unknown }).illness);
}

function get(socketPath: string, path: string): Promise<{ statusCode: number; body: string }> {
  return new Promise((resolve, reject) => {
    const unreachable = (error: NodeJS.ErrnoException) =>
      reject(new AgentUnreachableError(describe(error, socketPath)));
    const asked = request({ socketPath, path, timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ statusCode: response.statusCode ?? 0, body }));
      response.on('error', unreachable);
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${TIMEOUT_MS / 1_000} s`)));
    asked.on('error', unreachable);
    asked.end();
  });
}

function describe({ code, message }: NodeJS.ErrnoException, socketPath: string): string {
  if (code === 'EACCES') return `the agent's socket ${socketPath} is not yours; try it as root, or as the agent's user`;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return `no agent answers on ${socketPath}: it is not running`;
  return `no agent answers on ${socketPath}: ${message}`;
}
