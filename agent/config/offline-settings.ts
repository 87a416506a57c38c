/**
 * Settings for commands that need no cloud: what a connection needs may be missing, and so may the file, unless somebody
 * named it. What is there has to be right.
 */
import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { checkSettings } from './check-settings.ts';
import { ConfigError } from './config-error.ts';
import { readEnvironment } from './environment.ts';
import type { ConfigSource } from './load.ts';
import { readPemFile } from './pem-file.ts';
import type { Config } from './schema.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';

/** Settings of the connection; of no meaning without one. */
type ConnectionSetting = 'endpoint' | 'port' | 'certPath' | 'keyPath' | 'caPath' | 'clientId';
export type OfflineConfig = Omit<Config, ConnectionSetting>;

export interface OfflineSettings {
  readonly config: OfflineConfig;
  /** Of `downloadCaPath`; empty where that is. */
  readonly downloadCaPem: string;
  /** The file they were read from; absent where there is none. */
  readonly file?: string;
}

const WITHOUT_CONNECTION = { endpoint: 'localhost', certPath: 'none', keyPath: 'none', caPath: 'none' };

/** @param isGiven whether somebody named the file. @throws ConfigError that lists everything wrong. */
export async function loadOfflineSettings({ file, env }: ConfigSource, isGiven: boolean): Promise<OfflineSettings> {
  const isUsed = isGiven || (await isThere(file));
  const found: SettingsFile = isUsed ? await readSettingsFile(file) : { values: {} };
  const given = { ...WITHOUT_CONNECTION, thingName: thingNameOf(hostname()), ...found.values };
  const { config, problems } = checkSettings(file, { ...found, values: given }, readEnvironment(env));
  const downloadCa = await readPemFile('downloadCaPath', config?.downloadCaPath || undefined, 'certificate');
  const all = [...problems, ...(downloadCa?.problem === undefined ? [] : [downloadCa.problem])];
  if (config === undefined || all.length > 0) throw new ConfigError(all);
  return { config, downloadCaPem: downloadCa?.pem ?? '', ...(isUsed && { file }) };
}

/** A file that may not be looked at is there: whoever may not read it is told so. */
async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** AWS IoT API Reference, CreateThing: 1 to 128 of these. */
export function thingNameOf(host: string): string {
  return host.replace(/[^a-zA-Z0-9:_-]/g, '-').slice(0, 128) || 'this-machine';
}
