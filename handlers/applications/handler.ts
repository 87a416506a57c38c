import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  failed,
  type HandlerContext,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
  type PlanContext,
  succeeded,
} from '../../agent/handler-api.ts';
import {
  ApplicationError,
  type ApplicationRecord,
  readRecord,
  readRecords,
  recordPath,
  toFailure,
  unitNameOf,
} from '../install-application/application.ts';
import { startApplication, stopApplication } from '../install-application/application-unit.ts';
import { refuseForeignLinks } from '../install-application/owned-places.ts';
import { UNIT_FOLDER } from '../install-application/unit-file.ts';
import { describeState, readUnitStates, systemctl } from '../services/unit-state.ts';
import { type ApplicationsParameters, applicationsParameters } from './parameters.ts';

/** Each action leads to a state, whatever was before: it may run again after a power cut. */
export const applicationsHandler: ModuleHandler<typeof applicationsParameters> = {
  operation: 'applications',
  kind: 'module',
  summary: 'Starts, stops, restarts or removes an application of install-application, or tells which there are.',
  parameters: applicationsParameters,
  onInterrupted: 'rerun',
  exclusive: true,
  needs: 'systemd',
  check: checkAction,
  plan: planAction,
  run: (context, parameters) => manageApplications(context, parameters),
};

function checkAction({ action, name, stayUpSeconds }: ApplicationsParameters): ParameterProblem | undefined {
  if (name === undefined && action !== 'status') return { pointer: '/name', reason: `is needed for ${action}` };
  if (stayUpSeconds === undefined || action === 'start' || action === 'restart') return undefined;
  return { pointer: '/stayUpSeconds', reason: `means nothing for ${action}; it goes with start and restart` };
}

/** @param unitFolder another than systemd's for tests. */
export async function manageApplications(
  context: HandlerContext,
  parameters: ApplicationsParameters,
  unitFolder = UNIT_FOLDER,
): Promise<HandlerResult> {
  const { action, name } = parameters;
  try {
    if (action === 'status') return await tellStatus(context, name);
    if (action === 'remove') return await remove(context, name ?? '', unitFolder);
    const { command } = await installed(context, name ?? '');
    if (action === 'stop') return await stop(context, name ?? '', command);
    if (command === null) throw withoutCommand(name ?? '');
    const unit = unitNameOf(name ?? '');
    const state = await startApplication({ context, unit, action, stayUpSeconds: parameters.stayUpSeconds });
    return succeeded({ state: 'package started', unit: describeState(state) });
  } catch (error) {
    if (context.signal.aborted) return failed('APPLICATION_STOPPED', 'stopped; what systemd was asked for goes on');
    const { code, sdkCode, message } = await toFailure(error);
    return failed(code, message, { errorCode: sdkCode });
  }
}

async function installed({ facts }: Pick<HandlerContext, 'facts'>, name: string): Promise<ApplicationRecord> {
  const record = await readRecord(facts, name);
  if (record !== undefined) return record;
  const message = `no application called ${name} was installed by a job`;
  throw new ApplicationError('APPLICATION_NOT_INSTALLED', 'ERR_INVALID_PACKAGE_NAME', message);
}

async function stop({ signal }: HandlerContext, name: string, command: ApplicationRecord['command']) {
  if (command === null) return succeeded({ state: 'package stopped' });
  const state = await stopApplication(unitNameOf(name), signal);
  return succeeded({ state: 'package stopped', unit: describeState(state) });
}

/** The record goes last: what was cut off can be done again. */
async function remove(context: HandlerContext, name: string, unitFolder: string): Promise<HandlerResult> {
  const { facts, signal, attempt } = context;
  const record = await readRecord(facts, name);
  if (record === undefined && attempt > 1) return succeeded({ state: 'package removed' });
  const { command, files } = record ?? (await installed(context, name));
  for (const { path } of files) await refuseForeignLinks(path);
  if (command !== null) {
    const unit = unitNameOf(name);
    const [state] = await readUnitStates([unit], signal);
    if (state?.loadState !== 'not-found') {
      await stopApplication(unit, signal);
      await systemctl(['disable', '--', unit], signal);
    }
    await rm(join(unitFolder, unit), { force: true });
    await systemctl(['daemon-reload'], signal);
  }
  for (const { path } of files) {
    await refuseForeignLinks(path); // what it ran as could change them until it was stopped
    await rm(path, { force: true });
  }
  await rm(recordPath(facts, name), { force: true });
  return succeeded({ state: 'package removed', filesRemoved: files.length });
}

async function tellStatus({ facts, signal }: HandlerContext, name: string | undefined): Promise<HandlerResult> {
  const records = name === undefined ? await readRecords(facts) : [await installed({ facts }, name)];
  const names = records.map((record) => record.name);
  const told = await Promise.all(records.map((record) => describeApplication(record, signal)));
  // As the SDK's jobs agent writes it.
  return succeeded({
    installedPackages: `[${names.join(', ')}]`,
    ...(told.length > 0 && { applications: told.join('; ') }),
  });
}

async function describeApplication({ name, command, files }: ApplicationRecord, signal: AbortSignal): Promise<string> {
  if (command === null) return `${name}: ${files.length} files`;
  const unit = unitNameOf(name);
  const states = await readUnitStates([unit], signal).catch(() => []);
  const [state] = states;
  return `${name}: ${state === undefined ? 'systemd does not say' : describeState({ ...state, name: '' }).trim()}`;
}

function withoutCommand(name: string): ApplicationError {
  const message = `${name} was installed without a command: nothing can be started`;
  return new ApplicationError('APPLICATION_HAS_NO_COMMAND', 'ERR_UNABLE_TO_START_PACKAGE', message);
}

async function planAction({ action, name = '' }: ApplicationsParameters, { facts }: PlanContext): Promise<HandlerPlan> {
  if (action === 'status') return { actions: ['tell which applications there are'], problems: [] };
  const record = await readRecord(facts, name);
  if (record === undefined) return { actions: [], problems: [`no application called ${name} was installed by a job`] };
  const unit = record.command === null ? [] : [unitNameOf(name)];
  if (action !== 'remove') return { actions: unit.map((each) => `${action} ${each}`), problems: [] };
  const files = record.files.map(({ path }) => `remove ${path}`);
  return {
    actions: [...unit.map((each) => `stop ${each}, and remove ${join(UNIT_FOLDER, each)}`), ...files],
    problems: [],
  };
}
