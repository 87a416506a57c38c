/** What the admin API serves, by method and path under `/admin/v1/`. */
import type { JsonObject } from '../../agent/core/json.ts';
import { type ControlOperationName, IOT } from '../api-model/model.ts';
import { FAULTS_ON } from '../faults/fault-settings.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import { ACCOUNT_ID, findExecution, REGION } from '../jobs-service/state.ts';
import { THING_NAME } from '../jobs-service/validation.ts';
import type { AdminCloud } from './admin-cloud.ts';
import { found, listExecutions, listJobs, listThings } from './admin-lists.ts';
import { shownExecutionWithHistory, shownJob, shownThing } from './admin-shapes.ts';

export interface AdminRequest {
  /** What stands for the names in the path, in their order. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  readonly body: JsonObject;
}

export interface AdminRoute {
  readonly method: string;
  /** Segments; `*` stands for one name. */
  readonly path: string;
  answer(cloud: AdminCloud, request: AdminRequest): JsonObject | Promise<JsonObject>;
}

export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { method: 'GET', path: 'cloud', answer: describeCloud },
  { method: 'GET', path: 'things', answer: (cloud, { query }) => listThings(cloud, query) },
  { method: 'POST', path: 'things', answer: addThing },
  { method: 'GET', path: 'things/*', answer: describeThing },
  { method: 'POST', path: 'things/*/disconnect', answer: disconnectThing },
  { method: 'GET', path: 'jobs', answer: (cloud, { query }) => listJobs(cloud, query) },
  { method: 'GET', path: 'jobs/*', answer: describeJob },
  { method: 'GET', path: 'executions', answer: (cloud, { query }) => listExecutions(cloud, query) },
  { method: 'GET', path: 'executions/*/*/*', answer: describeExecution },
  { method: 'POST', path: 'call/*', answer: call },
  { method: 'GET', path: 'faults', answer: describeFaults },
  { method: 'PUT', path: 'faults', answer: setFaults },
  { method: 'DELETE', path: 'faults', answer: endFaults },
  { method: 'GET', path: 'clock', answer: describeClock },
  { method: 'POST', path: 'clock', answer: turnClock },
];

/** The names in a path that a route is for. */
export function namesIn(route: AdminRoute, segments: readonly string[]): readonly string[] | null {
  const wanted = route.path.split('/');
  if (wanted.length !== segments.length) return null;
  if (!wanted.every((part, index) => part === '*' || part === segments[index])) return null;
  return segments.filter((_segment, index) => wanted[index] === '*');
}

function describeCloud(cloud: AdminCloud): JsonObject {
  const { things, jobs } = cloud.state;
  return {
    region: REGION,
    accountId: ACCOUNT_ID,
    things: things.size,
    connected: cloud.connectedThings().size,
    jobs: jobs.size,
    clock: describeClock(cloud),
  };
}

async function addThing(cloud: AdminCloud, { body }: AdminRequest): Promise<JsonObject> {
  const { thingName } = body;
  if (typeof thingName !== 'string' || !THING_NAME.test(thingName)) {
    throw new ControlError(
      'InvalidRequestException',
      'thingName: 1 to 128 characters of a-z A-Z 0-9 : _ - were expected',
    );
  }
  return { thingName, ...(await cloud.addThing(thingName)) };
}

function describeThing(cloud: AdminCloud, { names: [thingName = ''] }: AdminRequest): JsonObject {
  return shownThing(found(cloud.state.things.get(thingName), `Thing ${thingName}`), cloud.connectedThings());
}

function disconnectThing(cloud: AdminCloud, { names: [thingName = ''] }: AdminRequest): JsonObject {
  found(cloud.state.things.get(thingName), `Thing ${thingName}`);
  return { disconnected: cloud.disconnect(thingName) };
}

function describeJob({ state }: AdminCloud, { names: [jobId = ''] }: AdminRequest): JsonObject {
  return shownJob(found(state.jobs.get(jobId), `Job ${jobId}`));
}

function describeExecution({ state }: AdminCloud, { names }: AdminRequest): JsonObject {
  const [thingName = '', jobId = '', number = ''] = names;
  const execution = findExecution(state.things.get(thingName), jobId, Number(number));
  return shownExecutionWithHistory(found(execution, `Execution ${number} of job ${jobId} on thing ${thingName}`));
}

function call(cloud: AdminCloud, { names: [operation = ''], body }: AdminRequest): JsonObject | Promise<JsonObject> {
  if (Object.hasOwn(IOT.operations, operation)) return cloud.call(operation as ControlOperationName, body);
  throw new ControlError('UnknownOperationException', `There is no operation ${operation}`);
}

function describeFaults({ faults }: AdminCloud): JsonObject {
  const { seed, rules } = faults.settings();
  return { settings: { seed, rules: rules.map((rule) => ({ ...rule })) }, counts: faults.counts(), choices: FAULTS_ON };
}

function setFaults(cloud: AdminCloud, { body }: AdminRequest): JsonObject {
  cloud.faults.set(body);
  return describeFaults(cloud);
}

function endFaults(cloud: AdminCloud): JsonObject {
  cloud.faults.set({ ...cloud.faults.settings(), rules: [] });
  return describeFaults(cloud);
}

function describeClock({ clock }: AdminCloud): JsonObject {
  return { nowMs: clock.now(), offsetMs: clock.offsetMs() };
}

function turnClock(cloud: AdminCloud, { body: { advanceMs } }: AdminRequest): JsonObject {
  try {
    cloud.clock.advance(Number(typeof advanceMs === 'number' ? advanceMs : Number.NaN));
  } catch (error) {
    if (error instanceof RangeError) throw new ControlError('InvalidRequestException', `advanceMs: ${error.message}`);
    throw error;
  }
  return describeClock(cloud);
}
