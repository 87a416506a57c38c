import { setTimeout as wait } from 'node:timers/promises';
import {
  failed,
  type HandlerContext,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
  type PlanContext,
  rejected,
  succeeded,
} from '../../agent/handler-api.ts';
import { isSameUnit, readOwnUnit } from './own-unit.ts';
import { type ServicesParameters, servicesParameters } from './parameters.ts';
import {
  describeState,
  describeStates,
  readUnitStates,
  SystemdError,
  systemctl,
  type UnitState,
} from './unit-state.ts';

/** Each action leads to a state, whatever was before: it may run again after a power cut. */
export const servicesHandler: ModuleHandler<typeof servicesParameters> = {
  operation: 'services',
  kind: 'module',
  summary: 'Starts, stops, restarts, enables or disables units of systemd, and looks at what became of them.',
  parameters: servicesParameters,
  needs: 'systemd',
  onInterrupted: 'rerun',
  exclusive: true,
  defaultTimeoutSeconds: 900,
  // AWS-Start-Application and its like: one argument, `services` (Developer Guide, job-templates-managed).
  managedTemplates: (['start', 'stop', 'restart'] as const).map((action) => ({
    handler: `${action}-services.sh`,
    parametersOf: (args) => parametersOfTemplate(action, args),
  })),
  check: checkStayUp,
  plan: planServices,
  run: changeServices,
};

/** How often units that must stay up are looked at: a unit that restarts in between has another invocation id. */
const WATCH_INTERVAL_MS = 1000;
/** A unit whose restart takes the agent down would be restarted for ever. */
const MAX_ATTEMPTS = 3;

function parametersOfTemplate(
  action: 'start' | 'stop' | 'restart',
  args: readonly string[],
): ServicesParameters | string {
  const units = args.flatMap((arg) => arg.split(/\s+/)).filter((name) => name !== '');
  if (units.length === 0) return 'expected the names of services with spaces between, got none';
  return { action, units: [...new Set(units)] };
}

function checkStayUp({ action, stayUpSeconds }: ServicesParameters): ParameterProblem | undefined {
  if (stayUpSeconds === undefined || action === 'start' || action === 'restart') return undefined;
  return { pointer: '/stayUpSeconds', reason: `means nothing for ${action}; it goes with start and restart` };
}

async function changeServices(context: HandlerContext, parameters: ServicesParameters): Promise<HandlerResult> {
  try {
    return await change(context, parameters);
  } catch (error) {
    if (context.signal.aborted) return failed('SERVICE_STOPPED', 'stopped; what systemd was asked for goes on');
    if (error instanceof SystemdError) return failed(error.code, error.message);
    throw error;
  }
}

async function change(context: HandlerContext, { action, units, stayUpSeconds }: ServicesParameters) {
  const { signal, attempt } = context;
  if (attempt > MAX_ATTEMPTS) {
    return failed(
      'SERVICE_INTERRUPTED',
      `was cut off ${attempt - 1} times: does one of the units take the agent down?`,
    );
  }
  const refused = await refusalOf(action, units);
  if (refused !== undefined) return refused;
  const missing = (await readUnitStates(units, signal)).filter(({ loadState }) => loadState === 'not-found');
  if (missing.length > 0) {
    return failed('SERVICE_NOT_FOUND', `no such unit: ${missing.map(({ name }) => name).join(', ')}`);
  }
  await systemctl([action, '--', ...units], signal);
  const states = await readUnitStates(units, signal);
  const wrong = states.filter((state) => !isReached(action, state));
  if (wrong.length > 0) return failed(CODES[action], `after ${action}: ${describeStates(wrong)}`, detailsOf(states));
  return stayUpSeconds === undefined ? succeeded(detailsOf(states)) : watch(context, states, stayUpSeconds * 1000);
}

/** `systemctl show` looks, and changes nothing. */
async function planServices(
  { action, units, stayUpSeconds }: ServicesParameters,
  { signal }: PlanContext,
): Promise<HandlerPlan> {
  const watching = stayUpSeconds === undefined ? [] : [`watch for ${stayUpSeconds} s that they stay active`];
  try {
    const states = await readUnitStates(units, signal);
    const there = states.filter(({ loadState }) => loadState !== 'not-found');
    const missing = states
      .filter(({ loadState }) => loadState === 'not-found')
      .map(({ name }) => `no such unit: ${name}`);
    const refused = await refusalOf(action, units);
    return {
      actions: [...there.map((state) => `${action} ${describeState(state)}`), ...watching],
      problems: [...(refused === undefined || !('message' in refused) ? [] : [refused.message]), ...missing],
    };
  } catch (error) {
    if (error instanceof SystemdError) return { actions: [], problems: [error.message] };
    throw error;
  }
}

async function refusalOf(action: ServicesParameters['action'], units: readonly string[]) {
  if (action !== 'stop' && action !== 'restart') return undefined;
  const own = await readOwnUnit();
  if (own === undefined || !units.some((name) => isSameUnit(name, own))) return undefined;
  return rejected('SERVICE_IS_AGENT', `${own} is the agent itself, and to ${action} it would end this job`);
}

const CODES = {
  start: 'SERVICE_NOT_ACTIVE',
  restart: 'SERVICE_NOT_ACTIVE',
  stop: 'SERVICE_NOT_STOPPED',
  enable: 'SERVICE_NOT_ENABLED',
  disable: 'SERVICE_NOT_ENABLED',
} as const;

/** systemctl ends with 0 also where it merely asked: what counts is the state. */
function isReached(action: ServicesParameters['action'], state: UnitState): boolean {
  const { activeState, result, unitFileState } = state;
  if (action === 'stop') return activeState === 'inactive' || activeState === 'failed';
  if (action === 'enable') return unitFileState !== 'disabled' && unitFileState !== 'masked';
  if (action === 'disable') return !unitFileState.startsWith('enabled');
  // What runs once and ends (`Type=oneshot`) is inactive when it has succeeded.
  return isUp(state) || (activeState === 'inactive' && result === 'success');
}

function isUp({ activeState }: UnitState): boolean {
  return activeState === 'active' || activeState === 'reloading';
}

/** Fails as soon as one is not active any more, or not in the same run as at first. */
async function watch(context: HandlerContext, first: readonly UnitState[], stayUpMs: number): Promise<HandlerResult> {
  const { signal, progress } = context;
  const names = first.map(({ name }) => name);
  const end = performance.now() + stayUpMs;
  let states = first;
  for (;;) {
    const fallen = states.filter((state, index) => !isUp(state) || !isSameRun(state, first[index]));
    if (fallen.length > 0) {
      const what = fallen.map((state) => `${describeState(state)}, ${state.restarts || 0} restarts`).join('; ');
      return failed('SERVICE_DID_NOT_STAY_UP', `did not stay up: ${what}`, detailsOf(states));
    }
    const leftMs = end - performance.now();
    if (leftMs <= 0) return succeeded({ ...detailsOf(states), stayedUpSeconds: stayUpMs / 1000 });
    progress({ ...detailsOf(states), watchedSeconds: Math.round((stayUpMs - leftMs) / 1000) });
    await wait(Math.min(WATCH_INTERVAL_MS, leftMs), undefined, { signal });
    states = await readUnitStates(names, signal);
  }
}

function isSameRun(state: UnitState, first: UnitState | undefined): boolean {
  return state.invocationId === first?.invocationId && state.restarts === first.restarts;
}

function detailsOf(states: readonly UnitState[]) {
  return { units: describeStates(states) };
}
