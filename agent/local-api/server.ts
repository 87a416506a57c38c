/** The agent's own HTTP face, on a Unix socket: what `job-agent status`, health checks and people on site ask. */

import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AgentStatus } from '../jobs/agent-status.ts';

export interface LocalApi {
  close(): Promise<void>;
}

export interface LocalApiOptions {
  readonly socketPath: string;
  readonly identity: AgentIdentity;
  readonly status: () => AgentStatus;
  /** What keeps the agent from working, or `null`. */
  readonly illness: () => string | null;
}

export interface AgentIdentity {
  readonly thingName: string;
  readonly endpoint: string;
  readonly agentVersion: string;
  readonly pid: number;
}

/** What `/v1/status` answers. */
export type StatusReport = AgentIdentity & AgentStatus & { readonly illness: string | null };

/** Nobody but the agent's user and root may ask: job details are nobody else's business. */
const SOCKET_MODE = 0o600;

/**
 * The caller holds the lock of the folder, so a socket that is there is a dead agent's.
 * @throws Error when the socket cannot be made; its message names the path.
 */
export async function startLocalApi(options: LocalApiOptions): Promise<LocalApi> {
  const { socketPath } = options;
  await rm(socketPath, { force: true });
  const server = createServer((request, response) => respond(request, response, options));
  await listen(server, socketPath);
  await chmod(socketPath, SOCKET_MODE);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function respond(request: IncomingMessage, response: ServerResponse, options: LocalApiOptions): void {
  const path = (request.url ?? '/').split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, { message: `${request.method} is not supported; only GET is` });
    return;
  }
  const illness = options.illness();
  if (path === '/healthz') {
    send(response, illness === null ? 200 : 503, { status: illness === null ? 'ok' : 'ill', illness });
  } else if (path === '/v1/status') {
    const report: StatusReport = { ...options.identity, ...options.status(), illness };
    send(response, 200, report);
  } else {
    send(response, 404, { message: `there is no ${path}; there are /healthz and /v1/status` });
  }
}

function send(response: ServerResponse, statusCode: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(statusCode, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`runtimeDir: the local API cannot listen on ${socketPath}: ${error.message}`, { cause: error })),
    );
    server.listen(socketPath, resolve);
  });
}
