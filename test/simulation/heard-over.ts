/** When the agent was told that an execution is over: by an answer that it was waiting for, and could read. */
import { isTerminal, type JobExecutionStatus } from '../../agent/core/job-execution.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import type { Chronicle, Placed } from './chronicle.ts';

/** By execution. An answer that may have been nobody's any more does not count. */
export function heardToBeOver({ of, settings, executions }: Chronicle): ReadonlyMap<string, Placed<'heard'>> {
  const asked = new Map(of('asked').map((one) => [String(one.body.clientToken), one]));
  const closed = of('closed');
  const all = of('heard');
  const heard = new Map<string, Placed<'heard'>>();
  const answered = new Set<string>();
  for (const news of all) {
    const [, jobId] = /\/jobs\/([^/]+)\/(?:get|update)\/(?:accepted|rejected)$/.exec(news.topic) ?? [];
    const answer = jobId === undefined ? null : readAnswer(news.payload);
    if (jobId === undefined || answer === null) continue;
    const token = String(answer.clientToken);
    const question = asked.get(token);
    if (question === undefined || answered.has(token)) continue;
    answered.add(token);
    if (!saysOver(answer)) continue;
    const isWaitedFor =
      question.life === news.life &&
      news.atMs - question.atMs < settings.agent.requestTimeoutMs &&
      !closed.some(({ life, place }) => life === news.life && place > question.place && place < news.place) &&
      !all.some(
        ({ topic, place }) => isSameQuestion(topic, question.topic) && place > question.place && place < news.place,
      );
    const { executionNumber } = question.body;
    const meant = executions.filter((one) => one.jobId === jobId && one.executionNumber === executionNumber);
    const [only] = meant;
    if (isWaitedFor && only !== undefined && meant.length === 1 && !heard.has(only.id)) heard.set(only.id, news);
  }
  return heard;
}

/** An answer to an earlier sending of it may have come meanwhile. */
function isSameQuestion(topic: string, question: string): boolean {
  return topic === `${question}/accepted` || topic === `${question}/rejected`;
}

function saysOver({ code, executionState }: JsonObject): boolean {
  if (code === 'ResourceNotFound' || code === 'TerminalStateReached') return true;
  const { status = 'QUEUED' } = (executionState ?? {}) as { status?: JobExecutionStatus };
  return (code === 'InvalidStateTransition' || code === 'VersionMismatch') && isTerminal(status);
}

function readAnswer(payload: string): JsonObject | null {
  try {
    return JSON.parse(payload) as JsonObject;
  } catch {
    return null;
  }
}
