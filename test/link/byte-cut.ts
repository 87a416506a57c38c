/** One session of a gateway, two jobs long, whose link is cut at one byte and then heals; and what must hold after it. */

import { type Gateway, startGateway } from './gateway.ts';
import type { CloudThing, LinkCloud } from './link-cloud.ts';
import { type Cut, type Direction, startLinkProxy } from './link-proxy.ts';
import { jobViolations, waitViolations } from './session-checks.ts';

export interface SessionResult {
  /** What passed on the first connection. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** False where the session was over before that byte. */
  readonly isCut: boolean;
  readonly connects: number;
  readonly violations: readonly string[];
}

export interface Session {
  readonly cloud: LinkCloud;
  readonly thing: CloudThing;
  /** None: nothing happens to the link. */
  readonly cut?: Cut;
  /** Jitter of the gateway; always the middle unless given. */
  readonly random?: () => number;
}

/** The first is queued before the gateway comes; the second is announced to it. */
const JOBS = ['first', 'second'] as const;
const DOCUMENT = { operation: 'work', parameters: { packages: ['alpha', 'beta'] } };
/** For what comes after the last answer: notifications and their acknowledgements. */
const QUIET_MS = 50;
const CLOSE_LIMIT_MS = 3_000;

export async function runSession({ cloud, thing, cut, random }: Session): Promise<SessionResult> {
  let gateway: Gateway | undefined;
  const ring = () => gateway?.bell.ring();
  const service = thing.newService(ring);
  const proxy = await startLinkProxy({ targetPort: cloud.port, ...(cut && { cut }), onCut: ring });
  service.createJob(JOBS[0], DOCUMENT);
  gateway = await startGateway({
    thingName: thing.thingName,
    ...thing.identity,
    caPem: cloud.caPem,
    port: proxy.port,
    ...(random && { random }),
    onRun(step) {
      step.run.onProgress({ done: 'half' });
      setImmediate(() => step.end());
    },
  });
  const { agent, drive } = gateway;
  const isIdle = () => agent.status().connection.connected && agent.status().executions.length === 0;
  /** Both ends know of the cut once there is a second connection; before, the first may look alive. */
  const isHealed = () => !proxy.isCut || proxy.connections > 1;
  const isDone = () => service.told.length >= JOBS.length && isIdle() && isHealed();
  const violations: string[] = [];
  if (!(await drive(() => service.told.length > 0))) violations.push('the first job was never told');
  service.createJob(JOBS[1], DOCUMENT);
  if (!(await drive(isDone))) violations.push(`not idle and connected again: ${JSON.stringify(agent.status())}`);
  if (!proxy.isCut) {
    await gateway.bell.next(QUIET_MS);
    if (!(await drive(isDone))) violations.push('not idle and connected again after the last byte');
  }
  violations.push(...violationsOf({ gateway, told: service.told, connects: 1 + Number(proxy.isCut) }));
  const { passed, isCut } = proxy;
  await gateway.stop();
  const left = await proxy.emptied(CLOSE_LIMIT_MS);
  if (left > 0) violations.push(`${left} sockets were left open`);
  await proxy.stop();
  service.close();
  return { passed: { ...passed }, isCut, connects: gateway.attempts.length, violations };
}

interface Outcome {
  readonly gateway: Gateway;
  readonly told: readonly string[];
  /** How often it had to connect. */
  readonly connects: number;
}

function violationsOf({ gateway, told, connects }: Outcome): readonly string[] {
  const { agent, attempts, errors, runs, waits } = gateway;
  const violations = [...jobViolations(JOBS, { runs, told }), ...waitViolations(waits)];
  violations.push(...errors.map((error) => `logged an error: ${error}`));
  if (attempts.length !== connects) violations.push(`${attempts.length} connects instead of ${connects}`);
  if (agent.illness() !== null) violations.push(`the agent is ill: ${agent.illness()}`);
  return violations;
}
