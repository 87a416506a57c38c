/** The lists of the admin API: filtered, searched and cut into pages. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { Execution } from '../jobs-service/state.ts';
import type { AdminCloud } from './admin-cloud.ts';
import { shownExecution, shownJob, shownThing } from './admin-shapes.ts';
import { pageOf, readPageRequest } from './page-of.ts';

/** By name. `search` is a part of the name, `connected` is `true` or `false`. */
export function listThings({ state, connectedThings }: AdminCloud, query: URLSearchParams): JsonObject {
  const connected = connectedThings();
  const search = searchOf(query);
  const wanted = query.get('connected');
  const things = [...state.things.values()]
    .filter(({ thingName }) => thingName.toLowerCase().includes(search))
    .filter(({ thingName }) => wanted === null || String(connected.has(thingName)) === wanted)
    .sort((a, b) => (a.thingName < b.thingName ? -1 : 1));
  const page = pageOf(things, readPageRequest(query), (thing) => shownThing(thing, connected));
  return { ...page, connectedCount: connected.size };
}

/** Newest first. `search` is a part of the jobId or of the description, `status` a job's status. */
export function listJobs({ state }: AdminCloud, query: URLSearchParams): JsonObject {
  const search = searchOf(query);
  const status = query.get('status');
  const jobs = [...state.jobs.values()]
    .reverse()
    .filter((job) => status === null || job.status === status)
    .filter(({ jobId, description = '' }) => `${jobId}\n${description}`.toLowerCase().includes(search));
  return { ...pageOf(jobs, readPageRequest(query), shownJob) };
}

/** Those of `jobId` or of `thingName`, newest first; `status` is an execution's status. */
export function listExecutions(cloud: AdminCloud, query: URLSearchParams): JsonObject {
  const status = query.get('status');
  const executions = executionsOf(cloud, query)
    .filter((execution) => status === null || execution.status === status)
    .sort((a, b) => b.sequence - a.sequence);
  return { ...pageOf(executions, readPageRequest(query), shownExecution) };
}

function executionsOf({ state }: AdminCloud, query: URLSearchParams): Execution[] {
  const [jobId, thingName] = [query.get('jobId'), query.get('thingName')];
  if (jobId !== null) return [...found(state.jobs.get(jobId), `Job ${jobId}`).executions];
  if (thingName === null) throw new ControlError('InvalidRequestException', 'jobId or thingName is needed');
  return [...found(state.things.get(thingName), `Thing ${thingName}`).executions.values()].flat();
}

/** @throws ControlError ResourceNotFoundException */
export function found<Value>(value: Value | undefined, what: string): Value {
  if (value !== undefined) return value;
  throw new ControlError('ResourceNotFoundException', `${what} does not exist`);
}

function searchOf(query: URLSearchParams): string {
  return (query.get('search') ?? '').toLowerCase();
}
