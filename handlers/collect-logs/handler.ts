import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  failed,
  fileProblem,
  fileServerProblem,
  type HandlerContext,
  type HandlerFacts,
  type HandlerPlan,
  type HandlerResult,
  type ModuleHandler,
  type ParameterProblem,
  type PlanContext,
  programProblem,
  readProblem,
  succeeded,
} from '../../agent/handler-api.ts';
import { uploadFile } from '../upload-file/handler.ts';
import { isWithin } from '../upload-file/open-source.ts';
import { type Collection, collect, type Taken, writeArchive } from './collection.ts';
import { chunksOf, LOOKED_AT_BYTES } from './detail-chunks.ts';
import { type CollectLogsParameters, collectLogsParameters, DEFAULT_MAX_BYTES } from './parameters.ts';

/** It reads, and what it puts somewhere takes the place of what it put there before: it may run again after a power cut. */
export const collectLogsHandler: ModuleHandler<typeof collectLogsParameters> = {
  operation: 'collect-logs',
  kind: 'module',
  summary: 'Takes systemd’s journal and log files, without secrets, and uploads them or tells the end of them.',
  parameters: collectLogsParameters,
  needs: 'systemd, for `journal`',
  onInterrupted: 'rerun',
  defaultTimeoutSeconds: 1800,
  check: checkSources,
  plan: planCollection,
  run: collectLogs,
};

const ARCHIVE = 'logs.tar.gz';

function checkSources(
  { journal, files = [], url }: CollectLogsParameters,
  facts: HandlerFacts,
): ParameterProblem | undefined {
  if (journal === undefined && files.length === 0) {
    return { pointer: '/journal', reason: 'is required, or files, and both are missing' };
  }
  const outside = files.findIndex((path) => path.startsWith('/') && !isWithin(path, facts.uploadFolders));
  if (outside !== -1) {
    const folders = facts.uploadFolders.join(', ') || 'none';
    return {
      pointer: `/files/${outside}`,
      reason: `is in no folder of uploadFolders (${folders}); a relative path is in the working folder`,
    };
  }
  const problem = url === undefined ? undefined : fileServerProblem(url, facts);
  return problem === undefined ? undefined : { pointer: '/url', reason: problem };
}

async function collectLogs(context: HandlerContext, parameters: CollectLogsParameters): Promise<HandlerResult> {
  let collection: Collection | undefined;
  try {
    collection = await collect(context, parameters);
    const { taken } = collection;
    const told = detailsOf(collection);
    if (taken.length === 0) return failed('LOGS_NOT_COLLECTED', told.problems ?? 'nothing was taken');
    if (parameters.url === undefined) return succeeded({ ...told, phase: 'collected', ...(await endOf(taken)) });
    return await upload(context, parameters.url, { collection, told });
  } catch (error) {
    if (context.signal.aborted) return failed('LOGS_STOPPED', 'stopped while logs were collected');
    return failed('LOGS_NOT_COLLECTED', await fileProblem(error, join(context.workDir, ARCHIVE), 'put'));
  } finally {
    await collection?.remove();
    await rm(join(context.workDir, ARCHIVE), { force: true });
  }
}

interface Collected {
  readonly collection: Collection;
  readonly told: Readonly<Record<string, string>>;
}

async function upload(context: HandlerContext, url: string, { collection, told }: Collected): Promise<HandlerResult> {
  const { execution, facts, signal, workDir, progress } = context;
  progress({ phase: 'packing' });
  const about = {
    thingName: facts.thingName,
    ...execution,
    agentVersion: facts.agentVersion,
    collectedAt: new Date().toISOString(),
  };
  await writeArchive(join(workDir, ARCHIVE), collection, { about, signal });
  progress({ phase: 'uploading' });
  const result = await uploadFile(context, { url, path: ARCHIVE });
  if (result.kind !== 'succeeded') return result;
  const { bytes = 0, sha256 = '' } = result.details;
  return succeeded({ ...told, phase: 'uploaded', bytes, sha256 });
}

/** `journal 1204 lines (cut), /var/log/syslog 20 lines`. */
function detailsOf({ taken, problems }: Collection): Readonly<Record<string, string>> {
  const collected = taken.map(
    ({ facts: { source, lines, isCut } }) => `${source} ${lines} lines${isCut ? ' (cut)' : ''}`,
  );
  const failures = Object.entries(problems).map(([source, problem]) =>
    source !== 'journal' && problem.includes(source) ? problem : `${source}: ${problem}`,
  );
  return {
    ...(collected.length === 0 ? {} : { collected: collected.join(', ') }),
    ...(failures.length === 0 ? {} : { problems: failures.join('; ') }),
  };
}

/** The last lines of all sources, each under its name, as `log1`, `log2` and so on. */
async function endOf(taken: readonly Taken[]): Promise<Readonly<Record<string, string>>> {
  const share = Math.ceil(LOOKED_AT_BYTES / taken.length);
  const parts: string[] = [];
  for (const { facts, kept } of taken) {
    const title = taken.length === 1 ? '' : `==> ${facts.source} <==\n`;
    parts.push(title + (await textEnd(kept, share)));
  }
  return chunksOf(parts.join('')).chunks;
}

async function textEnd(kept: Taken['kept'], maxBytes: number): Promise<string> {
  let end = Buffer.alloc(0);
  for await (const piece of kept.read()) end = Buffer.concat([end, piece]).subarray(-maxBytes);
  const text = end.toString('utf8');
  return kept.bytes > maxBytes ? text.slice(text.indexOf('\n') + 1) : text;
}

async function planCollection(
  { journal, files = [], maxBytes = DEFAULT_MAX_BYTES, url }: CollectLogsParameters,
  { workDir }: PlanContext,
): Promise<HandlerPlan> {
  const actions = journal === undefined ? [] : [`take at most ${maxBytes} bytes of systemd’s journal, without secrets`];
  const problems = journal === undefined ? [] : [programProblem('journalctl')].filter((text) => text !== undefined);
  for (const path of files) {
    const facts = await readProblem(join(path.startsWith('/') ? '/' : workDir, path));
    if (typeof facts === 'string') problems.push(facts);
    else actions.push(`take ${Math.min(facts.size, maxBytes)} of ${facts.size} bytes of ${path}, without secrets`);
  }
  actions.push(
    url === undefined
      ? 'tell the last lines that fit into the status details'
      : `put a .tar.gz of it to ${new URL(url).origin}${new URL(url).pathname}`,
  );
  return { actions, problems };
}
