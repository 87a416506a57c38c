/**
 * Tells systemd how we are, by sd_notify(3). Node.js has no Unix datagram sockets, so each message is a run of
 * systemd-notify(1), and the unit needs `NotifyAccess=all`.
 *
 * There is at most one such process at a time; what is said meanwhile waits and goes out together, the last status only.
 * Nothing here throws or keeps the agent waiting.
 */
import { spawn } from 'node:child_process';
import type { ServiceManager } from '../../ports/service-manager.ts';

/** What systemd puts into a service's environment, sd_notify(3) and sd_watchdog_enabled(3), and where programs are. */
export interface ServiceManagerEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
  readonly PATH?: string | undefined;
}

/** Nobody started us who wants to hear of us. */
export const noServiceManager: ServiceManager = {
  watchdogMs: null,
  ready: () => {},
  stopping: () => {},
  status: () => {},
  alive: () => {},
};

/** systemd-notify waits up to 5 s for systemd to take the message; after this it is stuck. */
const NOTIFY_TIMEOUT_MS = 10_000;
const MAX_STATUS_LENGTH = 256;

/** @param onProblem told once, when systemd-notify is missing or fails for the first time. */
export function createSystemdServiceManager(
  env: ServiceManagerEnvironment,
  onProblem: (problem: Error) => void = () => {},
): ServiceManager {
  if (!env.NOTIFY_SOCKET) return noServiceManager;
  const say = createMessenger(env, onProblem);
  return {
    watchdogMs: watchdogMs(env),
    ready: () => say('READY', '1'),
    stopping: () => say('STOPPING', '1'),
    status: (text) => say('STATUS', asOneLine(text)),
    alive: () => say('WATCHDOG', '1'),
  };
}

function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceManagerEnvironment): number | null {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return null; // meant for another process
  const microseconds = Number(WATCHDOG_USEC);
  return Number.isSafeInteger(microseconds) && microseconds > 0 ? microseconds / 1000 : null;
}

function createMessenger(
  env: ServiceManagerEnvironment,
  onProblem: (problem: Error) => void,
): (name: string, value: string) => void {
  const waiting = new Map<string, string>();
  let inFlight: ReadonlyMap<string, string> | undefined;
  let hadProblem = false;

  const send = () => {
    if (inFlight !== undefined || waiting.size === 0) return;
    inFlight = new Map(waiting);
    waiting.clear();
    runSystemdNotify(env, inFlight, (problem) => {
      inFlight = undefined;
      if (problem !== undefined && !hadProblem) onProblem(problem);
      hadProblem ||= problem !== undefined;
      send();
    });
  };
  return (name, value) => {
    if (name === 'WATCHDOG' && inFlight?.has(name)) return; // that one has just said so
    waiting.set(name, value);
    send();
  };
}

function runSystemdNotify(
  { NOTIFY_SOCKET, PATH = '/usr/bin:/bin' }: ServiceManagerEnvironment,
  message: ReadonlyMap<string, string>,
  done: (problem: Error | undefined) => void,
): void {
  const args = [...message].map(([name, value]) => `${name}=${value}`);
  try {
    const child = spawn('systemd-notify', args, {
      env: { NOTIFY_SOCKET, PATH },
      stdio: 'ignore',
      timeout: NOTIFY_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    child.once('error', done);
    child.once('exit', (code, signal) =>
      done(code === 0 ? undefined : new Error(`systemd-notify ended with ${code ?? signal}`)),
    );
  } catch (error) {
    // Not at once: `done` sends what waits, and a system without processes to spare would be asked again and again.
    setImmediate(done, error instanceof Error ? error : new Error(String(error)));
  }
}

/** A line feed would begin another assignment, such as MAINPID. */
function asOneLine(text: string): string {
  return text.replace(/\p{C}+/gu, ' ').slice(0, MAX_STATUS_LENGTH);
}
