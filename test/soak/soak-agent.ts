/** A real agent that is looked into while it works. */
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { localApiSocket } from '../../agent/local-api/socket-path.ts';
import { type AgentStart, startAgentProcess } from '../chaos/agent-start.ts';
import { foldersOf } from '../chaos/settled-checks.ts';
import { type HeapFigures, heapFigures } from './heap-figures.ts';
import { connectInspector } from './inspector-client.ts';
import { folderBytes, type ProcessFigures, processFigures } from './process-figures.ts';

export interface SoakAgent {
  readonly start: AgentStart;
  busyFigures(): ProcessFigures;
  restFigures(): Promise<RestFigures>;
  /** Connections made so far. */
  connects(): Promise<number>;
  /** How long its last connection has stood. */
  connectedMs(): number;
  /** Resolves when it is connected and holds no execution: false when that takes too long. */
  atRest(withinMs: number): Promise<boolean>;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

export type RestFigures = ProcessFigures & HeapFigures & { readonly stateBytes: number };

/**
 * Short enough that a soak meets each wait often. AWS IoT takes no keep-alive below 30 s, the local broker does: a link
 * that is half open is noticed in seconds.
 */
const SETTINGS = {
  JOB_AGENT_REQUEST_TIMEOUT_SECONDS: '1',
  JOB_AGENT_POLL_INTERVAL_SECONDS: '3',
  JOB_AGENT_KEEP_ALIVE_SECONDS: '5',
  JOB_AGENT_INSECURE_DOWNLOAD_HOSTS: '127.0.0.1',
  JOB_AGENT_MAX_CONCURRENT_JOBS: '2',
};
const LOOK_EVERY_MS = 100;
/** What comes after the last answer: clean-up, and answers that are late. */
const CALM_DOWN_MS = 500;
const STOP_WITHIN_MS = 30_000;

interface Status {
  readonly connection: { readonly connected: boolean; readonly connects: number };
  readonly executions: readonly unknown[];
}

/** Resolves when it is connected. */
export async function startSoakAgent(bundle: string, configPath: string): Promise<SoakAgent> {
  const start = await startAgentProcess({ bundle, configPath, inspect: true, env: SETTINGS });
  const ended = start.ended.then(({ stderr }) => {
    throw new Error(`the agent ended by itself: ${stderr}${JSON.stringify(start.log.slice(-5))}`);
  });
  ended.catch(() => undefined); // whoever waits for something of the agent hears of it
  const inspector = await connectInspector(await Promise.race([start.inspectorUrl, ended]));
  await Promise.race([start.connected, ended]);
  const { stateDir, runtimeDir } = foldersOf(configPath);
  const status = () => Promise.race([statusOf(localApiSocket({ runtimeDir })), ended]);
  return {
    start,
    busyFigures: () => processFigures(start.pid),
    async restFigures() {
      const heap = await heapFigures(inspector);
      return { ...heap, ...processFigures(start.pid), stateBytes: folderBytes(stateDir) + folderBytes(runtimeDir) };
    },
    connects: async () => (await status()).connection.connects,
    connectedMs() {
      const line = start.log.findLast(({ msg }) => msg === 'connected and subscribed');
      return Date.now() - Date.parse(String(line?.time));
    },
    async atRest(withinMs) {
      const endMs = performance.now() + withinMs;
      while (performance.now() < endMs) {
        const { connection, executions } = await status();
        if (connection.connected && executions.length === 0) {
          await delay(CALM_DOWN_MS);
          return true;
        }
        await delay(LOOK_EVERY_MS);
      }
      return false;
    },
    async stop() {
      inspector.close();
      start.signal('SIGTERM');
      const killer = setTimeout(() => start.signal('SIGKILL'), STOP_WITHIN_MS);
      await start.ended;
      clearTimeout(killer);
    },
  };
}

/** On a connection of its own, which is gone when the answer is here: a kept one would count as a descriptor. */
function statusOf(socketPath: string): Promise<Status> {
  return new Promise((resolve, reject) => {
    const request = get(
      { socketPath, path: '/v1/status', agent: false, headers: { connection: 'close' } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve(JSON.parse(text) as Status));
      },
    );
    request.on('error', reject);
  });
}
