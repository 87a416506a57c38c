/** The Jobs service and the file servers that the agent in the sandbox speaks to. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { pino } from 'pino';
import { startBroker } from '../../local-cloud/broker/broker.ts';
import { issueServerCertificate } from '../../local-cloud/identity/certificates.ts';
import { openDataFolder, openThingFolder } from '../../local-cloud/identity/data-folder.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { findExecution } from '../../local-cloud/jobs-service/state.ts';
import { runJobsService } from '../../local-cloud/running-service.ts';
import { principalsOf } from '../fixtures/thing-principals.ts';

export interface FuzzCloud {
  readonly configPath: string;
  /** As the configuration has it. */
  readonly endpoint: string;
  /** Queues the document as it is written. @throws Error where the service refuses it. */
  createJob(jobId: string, document: string): void;
  /** Resolves when it is over. */
  ended(jobId: string): Promise<EndedExecution>;
  /** By force. */
  cancel(jobId: string): void;
  close(): Promise<void>;
}

export interface EndedExecution {
  readonly status: string;
  readonly details: Readonly<Record<string, string>>;
}

export const THING = 'gateway-1';

export async function startFuzzCloud(dataDir: string): Promise<FuzzCloud> {
  const { authority } = await openDataFolder(dataDir);
  const watchers = new Set<() => void>();
  let fingerprint = '';
  const service = runJobsService({
    now: Date.now,
    notify: ({ topic, message }) => broker.notify(topic, encodeMessage(message)),
    onServed: () => {
      for (const watcher of [...watchers]) watcher();
    },
  });
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    caPem: authority.certPem,
    server: await issueServerCertificate(authority, ['localhost', '127.0.0.1']),
    log: pino({ level: 'silent' }),
    ...principalsOf((presented) => (presented === fingerprint ? THING : undefined)),
    onRequest: (request, answer) =>
      service.device(request, ({ topic, message }) => answer(topic, encodeMessage(message))),
  });
  const thing = await openThingFolder(dataDir, { thingName: THING, mqttPort: broker.port, authority });
  fingerprint = thing.fingerprint;
  service.addThing(THING);
  const executionOf = (jobId: string) => {
    const execution = findExecution(service.state.things.get(THING), jobId, undefined);
    if (execution === undefined) throw new Error(`the service does not know ${jobId}`);
    return execution;
  };
  return {
    configPath: thing.configPath,
    endpoint: (JSON.parse(readFileSync(thing.configPath, 'utf8')) as { readonly endpoint: string }).endpoint,
    createJob(jobId, document) {
      service.control('CreateJob', { jobId, targets: [`arn:aws:iot:us-east-1:123456789012:thing/${THING}`], document });
    },
    ended: (jobId) =>
      new Promise((resolve) => {
        const watcher = () => {
          const { status, statusDetails } = executionOf(jobId);
          if (status === 'QUEUED' || status === 'IN_PROGRESS') return;
          watchers.delete(watcher);
          resolve({ status, details: statusDetails });
        };
        watchers.add(watcher);
        watcher();
      }),
    cancel(jobId) {
      service.control('CancelJobExecution', { jobId, thingName: THING, force: true });
    },
    async close() {
      service.close();
      await broker.close();
    },
  };
}

export interface FuzzServers {
  readonly filesPort: number;
  readonly trapPort: number;
  /** How many have connected where nobody may. */
  trapped(): number;
}

/** Files on 127.0.0.1, and a trap on every other address of loopback. */
export async function startFuzzServers(): Promise<FuzzServers> {
  const files = createServer((request, response) => answerFile(request, response, trapPort));
  let trapped = 0;
  const trap = createTcpServer((socket) => {
    trapped += 1;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  // Of the addresses that nobody allowed, the one that resolves the names in the documents: 127.0.0.2, and ::1 with it.
  const trapPort = await listen(trap, '127.0.0.2', 0);
  const filesPort = await listen(files, '127.0.0.1', 0);
  return { filesPort, trapPort, trapped: () => trapped };
}

function answerFile(request: IncomingMessage, response: ServerResponse, trapPort: number): void {
  request.resume();
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  request.on('end', () => {
    if (pathname.startsWith('/file/')) return response.end(request.method === 'PUT' ? '' : 'fuzz\n');
    if (pathname === '/redirect-to-file') return response.writeHead(302, { location: '/file/redirected' }).end();
    if (pathname === '/redirect-to-trap')
      return response.writeHead(302, { location: `http://127.0.0.2:${trapPort}/` }).end();
    return response.writeHead(404).end();
  });
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.unref();
  return (server.address() as AddressInfo).port;
}
