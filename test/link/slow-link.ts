/** A link that carries a byte at a time: too slow to connect in time, or just fast enough to work. */
import { type Gateway, startGateway } from './gateway.ts';
import type { CloudThing, LinkCloud } from './link-cloud.ts';
import { type Rate, startLinkProxy } from './link-proxy.ts';
import { jobViolations, waitViolations } from './session-checks.ts';

export interface SlowLinkResult {
  readonly losses: readonly string[];
  readonly violations: readonly string[];
}

export interface SlowLinkOptions {
  readonly cloud: LinkCloud;
  readonly thing: CloudThing;
  readonly rate: Rate;
  readonly connectTimeoutMs: number;
  /** How many attempts must time out before the link is as fast as ever; 0 where it stays slow and must do. */
  readonly timeouts: number;
}

const JOB = 'measured';
/** One second of the gateway is one second: what is slow must not look lost. */
const REAL_TIME = { idleMs: 1_000, limitMs: 120_000 };

export async function runSlowLink(options: SlowLinkOptions): Promise<SlowLinkResult> {
  const { cloud, thing, rate, connectTimeoutMs, timeouts } = options;
  let gateway: Gateway | undefined;
  const service = thing.newService(() => gateway?.bell.ring());
  const proxy = await startLinkProxy({ targetPort: cloud.port, rate });
  service.createJob(JOB, { operation: 'work' });
  gateway = await startGateway({
    thingName: thing.thingName,
    ...thing.identity,
    caPem: cloud.caPem,
    port: proxy.port,
    connectTimeoutMs,
  });
  const { agent, drive, losses } = gateway;
  const violations: string[] = [];
  if (timeouts > 0) {
    if (!(await drive(() => losses.length >= timeouts, REAL_TIME))) violations.push('an attempt never ended');
    proxy.heal();
  }
  const isIdle = () => agent.status().connection.connected && agent.status().executions.length === 0;
  if (!(await drive(() => service.told.length > 0 && isIdle(), REAL_TIME))) violations.push('the job was never told');
  // One more attempt may have been under way when the link healed.
  if (losses.length < timeouts || losses.length > timeouts + 1) violations.push(`${losses.length} attempts failed`);
  violations.push(
    ...losses.filter((code) => code !== 'CONNECT_TIMEOUT').map((code) => `an attempt ended with ${code}`),
  );
  violations.push(...jobViolations([JOB], { runs: gateway.runs, told: service.told }));
  violations.push(...waitViolations(gateway.waits), ...gateway.errors);
  const lost = [...losses];
  await gateway.stop();
  await proxy.stop();
  service.close();
  return { losses: lost, violations };
}
