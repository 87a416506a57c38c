/** Messages that nobody should send: not JSON, not ours, or an answer of another thing to a question of ours. */
import type { JsonObject } from '../../agent/core/json.ts';
import { createDraw, type Draw } from './draw.ts';
import type { PlannedFault } from './fault-plan.ts';
import { JOBS_PREFIX } from './simulated-cloud.ts';

export interface HostileMessage {
  readonly topic: string;
  readonly payload: string;
}

/** What is foreign is named so; our agent must never act on it. */
const FOREIGN_JOB = 'foreign-job';
const FOREIGN_PREFIX = '$aws/things/gateway-2/jobs/';

export function hostileMessages({ name, seed }: HostileFault): readonly HostileMessage[] {
  const draw = createDraw(seed);
  return name === 'junk messages' ? Array.from({ length: 10 }, () => junk(draw)) : foreign();
}

type HostileFault = Extract<PlannedFault, { name: 'junk messages' | 'messages of another thing' }>;

function junk(draw: Draw): HostileMessage {
  const topic = draw.pick(['notify', 'notify-next', 'start-next/accepted', 'get/rejected', 'job-1/update/accepted']);
  const payload = draw.pick([
    '',
    '{',
    'null',
    '[]',
    '{"execution":7}',
    '{"jobs":{"QUEUED":[{"jobId":"../../etc"}]}}',
    '{"execution":{"jobId":"job-1","executionNumber":"x"}}',
    '{"code":"NoSuchCode","message":"?"}',
    `{"clientToken":"${'t'.repeat(300)}","execution":{}}`,
    '["__proto__",{"__proto__":{"polluted":true}}]',
  ]);
  return { topic: `${JOBS_PREFIX}${topic}`, payload };
}

/** Jobs announced to another thing. */
function foreign(): readonly HostileMessage[] {
  const jobs = { QUEUED: [{ ...FOREIGN_EXECUTION, status: undefined, jobDocument: undefined }] };
  return [
    { topic: `${FOREIGN_PREFIX}notify`, payload: JSON.stringify({ timestamp: 1, jobs }) },
    { topic: `${FOREIGN_PREFIX}notify-next`, payload: JSON.stringify({ timestamp: 1, execution: FOREIGN_EXECUTION }) },
  ];
}

/** An answer that fits what we asked in everything but the thing, and comes before the true one. */
export function foreignAnswer(topic: string, { clientToken }: JsonObject): HostileMessage {
  const lists = { inProgressJobs: [FOREIGN_EXECUTION], queuedJobs: [FOREIGN_EXECUTION] };
  const answer = { clientToken: clientToken ?? '', timestamp: 1, execution: FOREIGN_EXECUTION, ...lists };
  return { topic: `${topic.replace(JOBS_PREFIX, FOREIGN_PREFIX)}/accepted`, payload: JSON.stringify(answer) };
}

const FOREIGN_EXECUTION = {
  jobId: FOREIGN_JOB,
  status: 'IN_PROGRESS',
  queuedAt: 1_767_225_600,
  lastUpdatedAt: 1_767_225_600,
  versionNumber: 2,
  executionNumber: 1,
  jobDocument: { operation: 'simulated', parameters: {} },
};
