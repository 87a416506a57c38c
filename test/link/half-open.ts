/** A link that carries nothing any more while its sockets stay open, in the moment in which a result is to be told. */

import { type Gateway, startGateway } from './gateway.ts';
import type { CloudThing, LinkCloud } from './link-cloud.ts';
import { type Direction, startLinkProxy } from './link-proxy.ts';
import { jobViolations, waitViolations } from './session-checks.ts';

export interface HalfOpenResult {
  /** In real time, from when the link went dead to when the gateway gave it up. */
  readonly noticedAfterMs: number;
  /** Why the connection was lost, and attempts failed after it, in order. */
  readonly losses: readonly string[];
  readonly violations: readonly string[];
}

export interface HalfOpenOptions {
  readonly cloud: LinkCloud;
  readonly thing: CloudThing;
  /** Where nothing passes. */
  readonly directions: readonly Direction[];
  readonly keepAliveSeconds: number;
}

const JOB = 'measured';
/** What connects while the link is dead waits for so long. */
const CONNECT_TIMEOUT_MS = 1_000;
/** A broker that hears nothing hangs up after one and a half keep-alives too, and where that can pass it may be first. */
const NOTICED = { up: ['KEEP_ALIVE_TIMEOUT', 'CLOSED_BY_BROKER'], down: ['KEEP_ALIVE_TIMEOUT'] } as const;

export async function runHalfOpen(options: HalfOpenOptions): Promise<HalfOpenResult> {
  const { cloud, thing, directions, keepAliveSeconds } = options;
  let gateway: Gateway | undefined;
  const service = thing.newService(() => gateway?.bell.ring());
  const proxy = await startLinkProxy({ targetPort: cloud.port });
  let deadAtMs = 0;
  let lossesBefore = 0; // a busy machine may need more than one attempt
  gateway = await startGateway({
    thingName: thing.thingName,
    ...thing.identity,
    caPem: cloud.caPem,
    port: proxy.port,
    keepAliveSeconds,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    onRun(step) {
      proxy.goDead(directions);
      deadAtMs = performance.now();
      lossesBefore = gateway?.losses.length ?? 0;
      step.end();
    },
  });
  const { agent, drive, losses } = gateway;
  service.createJob(JOB, { operation: 'work' });
  const violations: string[] = [];
  const lossesSince = () => (deadAtMs === 0 ? [] : losses.slice(lossesBefore));
  if (!(await drive(() => lossesSince().length > 0))) violations.push('the dead link was never noticed');
  const noticedAfterMs = performance.now() - deadAtMs;
  if (!(await drive(() => lossesSince().length > 1))) violations.push('no attempt was made on the dead link');
  violations.push(...unexpected(lossesSince(), directions));
  proxy.heal();
  const isIdle = () => agent.status().connection.connected && agent.status().executions.length === 0;
  if (!(await drive(() => service.told.length > 0 && isIdle())))
    violations.push('not idle and connected after it healed');
  violations.push(...jobViolations([JOB], { runs: gateway.runs, told: service.told }));
  violations.push(...waitViolations(gateway.waits), ...gateway.errors);
  const lost = lossesSince();
  await gateway.stop();
  await proxy.stop();
  service.close();
  return { noticedAfterMs, losses: lost, violations };
}

function unexpected(
  [noticed = '', attempt = '']: readonly string[],
  directions: readonly Direction[],
): readonly string[] {
  const expected: readonly string[] = NOTICED[directions.includes('down') ? 'down' : 'up'];
  return [
    ...(expected.includes(noticed) ? [] : [`noticed as ${noticed}`]),
    ...(attempt === 'CONNECT_TIMEOUT' ? [] : [`an attempt on the dead link ended with ${attempt}`]),
  ];
}
