/** The operations of this machine, for the commands about handlers. */
import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readBootId } from '../adapters/boot/linux.ts';
import type { OfflineSettings } from '../config/offline-settings.ts';
import { nearestName } from '../core/nearest-name.ts';
import { handlerFinder } from '../gateway-parts.ts';
import type { CatalogEntry } from '../runs/handler-catalog.ts';
import { openTrialFolders } from '../trial/trial-folders.ts';
import { AGENT_VERSION } from '../version.ts';
import type { CommandCall } from './commands.ts';
import { offlineSettings, SILENT_LOG } from './offline-call.ts';
import { UsageError } from './usage.ts';

export interface Catalog {
  readonly settings: OfflineSettings;
  readonly entries: readonly CatalogEntry[];
}

type CatalogCall = Pick<CommandCall, 'source' | 'isConfigGiven' | 'values' | 'hostArgv'>;

/** @throws ConfigError. */
export async function readCatalog(call: CatalogCall): Promise<Catalog> {
  const settings = await offlineSettings(call);
  // Modules are asked what they are in processes of their own, which have files there.
  const folders = await openTrialFolders({ keep: false, bootId: readBootId() });
  const { stateDir, runtimeDir } = folders;
  const config = { ...settings.config, stateDir, runtimeDir };
  try {
    const { hostArgv } = call;
    const parts = { ...settings, config, agentVersion: AGENT_VERSION, hostArgv, log: SILENT_LOG };
    return { settings, entries: await handlerFinder(parts).list() };
  } finally {
    await folders.release();
  }
}

/** The handler of a name, or of a path, which names its folder as well. @throws UsageError, ConfigError. */
export async function subjectOf(
  word: string,
  call: CommandCall,
): Promise<Pick<Catalog, 'settings'> & { entry: CatalogEntry }> {
  if (!word.includes('/')) {
    const catalog = await readCatalog(call);
    return { settings: catalog.settings, entry: entryNamed(word, catalog) };
  }
  const path = resolve(word);
  const real = await realpath(path).catch(() => {
    throw new UsageError(`there is no file ${word}`);
  });
  const values = { ...call.values, 'handlers-dir': dirname(path) };
  const { settings, entries } = await readCatalog({ ...call, values });
  const entry = entries.find((one) => one.folder === undefined && [path, real].includes(one.path ?? ''));
  if (entry === undefined) throw new UsageError(`${word} is no handler: expected a program, or a module NAME.mjs`);
  return { settings, entry };
}

/** @throws UsageError with the nearest name that there is. */
function entryNamed(name: string, { entries, settings }: Catalog): Catalog['entries'][number] {
  const found = entries.find(({ operation, folder }) => operation === name && folder === undefined);
  if (found !== undefined) return found;
  const nearest = nearestName(
    name,
    entries.filter(({ folder }) => folder === undefined).map(({ operation }) => operation),
  );
  const hint = nearest === undefined ? '; job-agent handlers lists what there is' : `; did you mean ${nearest}?`;
  throw new UsageError(`no handler does ${JSON.stringify(name)}, built in or in ${settings.config.handlersDir}${hint}`);
}
