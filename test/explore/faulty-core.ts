/** The core with one fault each: what an exploration is worth shows in whether it finds them. */
import { CLAIM_DETAIL, claimMark } from '../../agent/core/claim-mark.ts';
import { decide } from '../../agent/core/decide.ts';
import type { Decision } from '../../agent/core/decision.ts';
import type { Effect } from '../../agent/core/effect.ts';

export type Core = typeof decide;

/** I1: a run starts, and nothing on disk says so. */
export const startsUnwritten: Core = (state, event) => {
  const decision = decide(state, event);
  const starts = decision.effects.some(({ type }) => type === 'startRun');
  return starts ? without(decision, ({ type }) => type === 'journal') : decision;
};

/** I1: the outcome is told, and a restart would not know it. */
export const reportsUnwritten: Core = (state, event) =>
  without(decide(state, event), (effect) => effect.type === 'journal' && effect.record.phase === 'reporting');

/** I2: what a restart finds interrupted is run again, whatever its author said. */
export const runsAgain: Core = (state, event) => {
  if (event.type !== 'journalRecovered') return decide(state, event);
  const records = event.records.map((record) =>
    record.phase === 'running' ? { ...record, onInterrupted: 'rerun' as const } : record,
  );
  return decide(state, { ...event, records });
};

/** I2: forgets what is finished, and every execution handed out is news. */
export const startsWhatItHas: Core = (state, event) => {
  const { executions, requests, ...others } = state;
  const isClaim = event.type === 'requestAccepted' && requests[event.requestId]?.kind === 'claim';
  return decide(isClaim ? { ...others, requests, executions: {}, finished: [] } : state, event);
};

/** I3: after a restart the report is not sent any more. */
export const forgetsReport: Core = (state, event) => {
  const decision = decide(state, event);
  const isRecovered = (id: string) => state.executions[id]?.phase.name === 'reporting' && event.type !== 'runEnded';
  return withoutRequests(decision, (effect, id) => isReport(effect) && id !== null && isRecovered(id));
};

/** I3: what failed is told to have succeeded. */
export const tellsWrong: Core = (state, event) =>
  decide(state, event.type === 'runEnded' ? { ...event, result: { ...event.result, status: 'succeeded' } } : event);

/** I4: the version before the one it was told. */
export const expectsOldVersion: Core = (state, event) => {
  const { state: after, effects } = decide(state, event);
  return { state: after, effects: effects.map(withOldVersion) };
};

/** I5: takes what is queued for what it has been given. */
export const startsUnconfirmed: Core = (state, event) => {
  if (event.type !== 'requestAccepted' || event.answer.operation !== 'DescribeJobExecution')
    return decide(state, event);
  const { operation, execution } = event.answer;
  if (execution === null) return decide(state, event);
  const given = { ...execution, status: 'IN_PROGRESS', statusDetails: { [CLAIM_DETAIL]: claimMark(state) } } as const;
  return decide(state, { ...event, answer: { operation, execution: given } });
};

/** I6: hears that it is over, and lets it run. */
export const ignoresEnd: Core = (state, event) =>
  without(decide(state, event), (effect) => effect.type === 'stopRun' && effect.reason === 'canceled');

/** I6: never asks whether what runs is still wanted. */
export const neverAsks: Core = (state, event) => {
  const isHint = event.type === 'notified' || (event.type === 'timerFired' && event.timer.name === 'poll');
  if (!isHint) return decide(state, event);
  return withoutRequests(decide(state, event), ({ request }) => request.operation === 'DescribeJobExecution');
};

export function without({ state, effects }: Decision, isLeftOut: (effect: Effect) => boolean): Decision {
  return { state, effects: effects.filter((effect) => !isLeftOut(effect)) };
}

type RequestEffect = Extract<Effect, { type: 'request' }>;

/** Neither sent nor waited for. */
function withoutRequests(
  { state, effects }: Decision,
  isLeftOut: (effect: RequestEffect, id: string | null) => boolean,
): Decision {
  const idOf = (requestId: number) => {
    const purpose = state.requests[requestId];
    return purpose !== undefined && 'id' in purpose ? purpose.id : null;
  };
  const left = effects.filter((effect) => effect.type === 'request' && isLeftOut(effect, idOf(effect.requestId)));
  const requests = Object.entries(state.requests).filter(([requestId]) =>
    left.every((effect) => effect.type === 'request' && effect.requestId !== Number(requestId)),
  );
  return {
    state: { ...state, requests: Object.fromEntries(requests) },
    effects: effects.filter((effect) => !left.includes(effect)),
  };
}

function isReport({ request }: RequestEffect): boolean {
  return request.operation === 'UpdateJobExecution' && request.status !== 'IN_PROGRESS';
}

function withOldVersion(effect: Effect): Effect {
  if (effect.type !== 'request' || effect.request.operation !== 'UpdateJobExecution') return effect;
  const { expectedVersion } = effect.request;
  return { ...effect, request: { ...effect.request, expectedVersion: expectedVersion - 1 } };
}
