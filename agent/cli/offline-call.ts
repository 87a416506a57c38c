/** What commands that need no cloud have in common: their settings, and a log that says nothing. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadOfflineSettings, type OfflineSettings } from '../config/offline-settings.ts';
import { fileProblem, noFolderThere } from '../files/file-problem.ts';
import { createLogger } from '../log.ts';
import type { CommandCall } from './commands.ts';
import { UsageError } from './usage.ts';

/** For commands that say on stderr themselves what there is to say. */
export const SILENT_LOG = createLogger({ level: 'error', pretty: false, destination: { write: () => undefined } });

/** With the folder of handlers that was given, which has to be there. @throws ConfigError. @throws UsageError. */
export async function offlineSettings({
  source,
  isConfigGiven,
  values,
}: Pick<CommandCall, 'source' | 'isConfigGiven' | 'values'>): Promise<OfflineSettings> {
  const settings = await loadOfflineSettings(source, isConfigGiven);
  const { 'handlers-dir': folder } = values;
  if (folder === '') throw new UsageError('--handlers-dir needs a folder');
  if (typeof folder !== 'string') return settings;
  const handlersDir = resolve(folder);
  const facts = await stat(handlersDir).catch(async (error) => {
    throw new UsageError(`--handlers-dir: ${await fileProblem(error, handlersDir, 'folder')}`);
  });
  if (!facts.isDirectory()) throw new UsageError(`--handlers-dir: ${noFolderThere(handlersDir, facts)}`);
  return { ...settings, config: { ...settings.config, handlersDir } };
}
