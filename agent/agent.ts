/**
 * Composition root of the daemon: with `gateway-parts.ts` the files that know which adapters and handlers exist. Opens everything in order, and gives
 * back how to close it.
 */
import { randomUUID } from 'node:crypto';
import { createLinuxBoot } from './adapters/boot/linux.ts';
import { systemClock } from './adapters/clock/system.ts';
import { openSegmentJournal } from './adapters/journal/segment-journal.ts';
import { openStateFolders, type StateFolders } from './adapters/journal/state-folders.ts';
import { createSystemdServiceManager, type ServiceManagerEnvironment } from './adapters/service-manager/systemd.ts';
import { createAwsCrtTransport } from './adapters/transport/aws-crt.ts';
import { createMqttTransport } from './adapters/transport/mqtt.ts';
import type { AgentSetup } from './config/agent-setup.ts';
import type { Config } from './config/schema.ts';
import { coreSettings, createStepRunner } from './gateway-parts.ts';
import { createJobsAgent, type JobsAgent, type JobsAgentSettings } from './jobs/jobs-agent.ts';
import { withLoggedReboot } from './jobs/logged-boot.ts';
import { startLocalApi } from './local-api/server.ts';
import { localApiSocket } from './local-api/socket-path.ts';
import { executionLogger, type Logger } from './log.ts';
import type { Boot } from './ports/boot.ts';
import type { OpenedJournal } from './ports/journal.ts';
import type { ServiceManager } from './ports/service-manager.ts';
import type { Transport } from './ports/transport.ts';

export interface AgentOptions extends AgentSetup {
  readonly log: Logger;
  readonly agentVersion: string;
  /** How to start a handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
  readonly env: ServiceManagerEnvironment;
}

export interface RunningAgent {
  /** Ends runs as `shutdownMode` says, and closes everything. */
  stop(): Promise<void>;
  /** An error that nobody expected is about to end the process: the next start tells of it. Never rejects. */
  noteFault(error: unknown): Promise<void>;
}

/** Of the time in which the watchdog wants to hear of us. */
const WATCHDOG_SHARE = 3;
const STATUS_INTERVAL_MS = 5_000;

/**
 * @throws JournalError when the folders or the journal cannot be used. @throws TransportError when the transport is not
 * installed.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { config, credentials, log } = options;
  for (const warning of credentials.warnings) log.warn({ ...warning }, 'certificate of this thing may be refused');
  const transport = await createTransport(options);
  const boot = withLoggedReboot(createLinuxBoot(config), config, log);
  const { bootId } = boot;
  const binding = { thingName: config.thingName, endpoint: config.endpoint };
  const folders = await openStateFolders({ ...config, binding, bootId });
  try {
    const journal = await openSegmentJournal({ dir: folders.journalDir, binding, bootId, clock: systemClock });
    if (journal.recovered.status === 'created' && folders.otherJournals > 0) {
      log.warn({ ...binding, otherJournals: folders.otherJournals }, 'first start for this thing and endpoint here');
    }
    return await startOnJournal(options, { boot, transport, journal, folders });
  } catch (error) {
    await folders.release();
    throw error;
  }
}

interface Opened {
  readonly boot: Boot;
  readonly transport: Transport;
  readonly journal: OpenedJournal;
  readonly folders: StateFolders;
}

async function startOnJournal(
  options: AgentOptions,
  { boot, transport, journal, folders }: Opened,
): Promise<RunningAgent> {
  const { config, log, agentVersion } = options;
  const { thingName, endpoint } = config;
  const agent = createJobsAgent({
    thingName,
    boot,
    transport,
    journal,
    stepRunner: createStepRunner({ ...options, downloadCaPem: options.credentials.downloadCaPem ?? '' }),
    sweep: folders.otherJournals === 0, // those of another journal lie beside ours
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    log,
    executionLogger: (execution) => executionLogger(log, execution),
    settings: jobsAgentSettings(config),
  });
  const localApi = await startLocalApi({
    socketPath: localApiSocket(config),
    identity: { thingName, endpoint, agentVersion, pid: process.pid },
    status: agent.status,
    illness: agent.illness,
  });
  const serviceManager = createSystemdServiceManager(options.env, (err) => log.warn({ err }, 'systemd is not told'));
  await agent.start();
  serviceManager.ready();
  const stopReporting = reportTo(serviceManager, agent);
  log.info(
    { thingName, endpoint, transport: transport.name, agentVersion, journal: journal.recovered.status },
    'agent started',
  );
  return {
    noteFault: agent.noteFault,
    async stop() {
      serviceManager.stopping();
      await agent.stop(config.shutdownMode);
      stopReporting();
      await localApi.close();
      await folders.release();
    },
  };
}

function createTransport({ config, credentials }: AgentOptions): Transport | Promise<Transport> {
  const { certPem, keyPem, caPem } = credentials;
  const options = {
    host: config.endpoint,
    port: config.port,
    clientId: config.clientId,
    certPem,
    keyPem,
    caPem,
    keepAliveSeconds: config.keepAliveSeconds,
    connectTimeoutMs: config.connectTimeoutSeconds * 1_000,
  };
  return config.transport === 'mqtt' ? createMqttTransport(options) : createAwsCrtTransport(options);
}

function jobsAgentSettings(config: Config): JobsAgentSettings {
  return {
    core: coreSettings(config),
    requestTimeoutMs: config.requestTimeoutSeconds * 1_000,
    subscribeTimeoutMs: config.connectTimeoutSeconds * 1_000,
    stopGraceMs: config.stopGraceSeconds * 1_000,
    shutdownGraceMs: config.shutdownGraceSeconds * 1_000,
  };
}

/** Feeds the watchdog from the event loop, and only while the agent is not ill. @returns how to stop it. */
function reportTo(serviceManager: ServiceManager, agent: JobsAgent): () => void {
  let lastText = '';
  const tell = () => {
    const { connection, executions } = agent.status();
    const text = `${connection.connected ? 'connected' : 'not connected'}, ${executions.length} job executions in hand`;
    if (text !== lastText) serviceManager.status(text);
    lastText = text;
  };
  const feed = () => {
    if (agent.illness() === null) serviceManager.alive();
  };
  tell();
  const timers = [setInterval(tell, STATUS_INTERVAL_MS)];
  if (serviceManager.watchdogMs !== null) timers.push(setInterval(feed, serviceManager.watchdogMs / WATCHDOG_SHARE));
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}
