/** `job-agent status` and `job-agent health`: ask the running agent. */
import type { ConfigSource } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { TRANSPORT_ERROR_CODES } from '../errors.ts';
import { fetchIllness, fetchStatus } from '../local-api/client.ts';
import type { StatusReport } from '../local-api/server.ts';
import { localApiSocket } from '../local-api/socket-path.ts';
import { EXIT } from './usage.ts';

/** @throws ConfigError. @throws AgentUnreachableError. */
export async function status(source: ConfigSource, asJson: boolean): Promise<number> {
  const report = await fetchStatus(await socketPath(source));
  console.log(asJson ? JSON.stringify(report, null, 2) : renderStatus(report));
  return EXIT.done;
}

/** @throws ConfigError. @throws AgentUnreachableError. */
export async function health(source: ConfigSource, asJson: boolean): Promise<number> {
  const illness = await fetchIllness(await socketPath(source));
  if (asJson) console.log(JSON.stringify({ status: illness === null ? 'ok' : 'ill', illness }));
  else console.log(illness === null ? 'well' : `ill: ${illness}`);
  return illness === null ? EXIT.done : EXIT.failed;
}

async function socketPath(source: ConfigSource): Promise<string> {
  return localApiSocket(await loadConfig(source));
}

/** For people. */
export function renderStatus(report: StatusReport): string {
  const { connection, counts } = report;
  const error = connection.lastError;
  const lines = [
    `${report.thingName} · agent ${report.agentVersion} · pid ${report.pid} · up ${duration(report.uptimeSeconds)}`,
    connection.connected
      ? `connected to ${report.endpoint}`
      : `not connected to ${report.endpoint}, ${connection.failedAttempts} attempts failed`,
    ...(connection.connected || error === null
      ? []
      : [`  ${error.message}`, `  ${error.code}: ${remedyOf(error.code)}`]),
    ...connection.missingRights.map((right) => `  the policy does not allow ${right}`),
    ...(report.illness === null ? [] : [`ILL: ${report.illness}`]),
    ...(report.shuttingDown ? ['shutting down'] : []),
    `since the start: ${counts.SUCCEEDED} succeeded, ${counts.FAILED} failed, ${counts.REJECTED} rejected, ` +
      `${counts['ended-by-service']} ended by the service`,
  ];
  const running = report.executions.map(
    ({ jobId, executionNumber, phase, step, waiting, details }) =>
      `  ${jobId} #${executionNumber}  ${phase}${step === undefined ? '' : ` ${step}`}` +
      `${waiting === undefined ? '' : `: ${waiting}`}${pairs(details)}`,
  );
  const recent = report.recent.map(
    ({ jobId, executionNumber, status: outcome, reason, closedAtMs }) =>
      `  ${new Date(closedAtMs).toISOString()}  ${jobId} #${executionNumber}  ` +
      `${outcome ?? 'ended by the service'}${reason === undefined ? '' : `: ${reason}`}`,
  );
  lines.push(running.length === 0 ? 'no job in hand' : 'in hand:', ...running);
  if (recent.length > 0) lines.push('recent:', ...recent);
  const ignored = Object.entries(report.ignoredMessages);
  if (ignored.length > 0) lines.push('messages ignored:', ...ignored.map(([kind, count]) => `  ${count}  ${kind}`));
  return lines.join('\n');
}

function remedyOf(code: string): string {
  return Object.entries(TRANSPORT_ERROR_CODES).find(([name]) => name === code)?.[1].remedy ?? 'see docs/errors.md';
}

function pairs(details: Readonly<Record<string, string>>): string {
  const entries = Object.entries(details);
  return entries.length === 0 ? '' : `  (${entries.map(([key, value]) => `${key}=${value}`).join(', ')})`;
}

function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const clock = new Date((seconds % 86_400) * 1_000).toISOString().slice(11, 19);
  return days === 0 ? clock : `${days} d ${clock}`;
}
