/** Holds values from the file and the environment against the schema, and puts what is wrong into words. */
import { dirname, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { envSchema } from 'env-schema';
import { nearestName } from '../core/nearest-name.ts';
import { readArtifactKeys } from '../handler-tools/artifact-key.ts';
import type { EnvironmentSettings } from './environment.ts';
import { type Config, SETTING_KEYWORDS, type SettingName, settingsSchema } from './schema.ts';
import { environmentNameOf, isSettingName, SETTINGS, type Setting, settingLike } from './setting.ts';
import type { SettingsFile } from './settings-file.ts';

export interface CheckedSettings {
  /** Present when there is no problem. */
  readonly config?: Config;
  /** What passed its own check, with absolute paths, even when something else did not. */
  readonly valid: Partial<Config>;
  readonly problems: readonly string[];
}

type Values = Partial<Record<SettingName, unknown>>;

export function checkSettings(path: string, file: SettingsFile, environment: EnvironmentSettings): CheckedSettings {
  const problems = [...(file.problem === undefined ? [] : [file.problem]), ...unknownNames(path, file, environment)];
  const fromFile = Object.fromEntries(Object.entries(file.values).filter(([name]) => isSettingName(name))) as Values;
  const { values, errors } = validate(fromFile, environment.values);
  for (const setting of SETTINGS) {
    const error = errors.find((each) => settingOf(each) === setting.name);
    // When the file could not be read, its settings are not missing: they are unknown.
    if (error === undefined || (error.keyword === 'required' && file.problem !== undefined)) continue;
    problems.push(`${setting.name}: ${describe(setting, values[setting.name], path, environment)}`);
  }
  for (const error of errors) delete values[settingOf(error)];
  const valid = absolutePaths(values as Partial<Config>, dirname(resolve(path)));
  problems.push(...tooLongForSocket(valid), ...wrongKeys(valid));
  return problems.length > 0 ? { valid, problems } : { config: complete(valid), valid, problems };
}

/** @returns the values with defaults filled in, and the validator's errors. Neither source is changed. */
function validate(file: Values, environment: Values): { values: Values; errors: readonly ErrorObject[] } {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    removeAdditional: false,
    coerceTypes: false,
    keywords: [...SETTING_KEYWORDS],
    formats: { regex: isRegularExpression },
  });
  try {
    const values = envSchema<Values>({ schema: settingsSchema, env: false, data: [file, environment], ajv });
    return { values: structuredClone(values), errors: [] };
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error && Array.isArray(error.errors))) throw error;
    return { values: structuredClone({ ...file, ...environment }), errors: error.errors as ErrorObject[] };
  }
}

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

function settingOf(error: ErrorObject): SettingName {
  const name = error.keyword === 'required' ? error.params.missingProperty : error.instancePath.split('/')[1];
  if (typeof name !== 'string' || !isSettingName(name)) throw new Error(`no setting for ${JSON.stringify(error)}`);
  return name;
}

function unknownNames(path: string, file: SettingsFile, environment: EnvironmentSettings): string[] {
  const inFile = Object.keys(file.values).filter((name) => !isSettingName(name));
  const names = SETTINGS.map(({ name }) => name);
  return [
    ...inFile.map((name) => `${shown(name)} in ${path}: no such setting${didYouMean(name, names)}`),
    ...environment.unknownNames.map(
      (name) => `${name} in the environment: no such setting${didYouMean(settingLike(name), names, environmentNameOf)}`,
    ),
  ];
}

function didYouMean(name: string, known: readonly SettingName[], toShown = (nearest: string) => nearest): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '; docs/settings.md lists them all' : `; did you mean ${toShown(nearest)}?`;
}

function describe(setting: Setting, value: unknown, path: string, environment: EnvironmentSettings): string {
  const got = value === undefined ? 'nothing' : setting.isSecret ? 'something else' : shown(value);
  const isFromEnvironment = Object.hasOwn(environment.values, setting.name);
  const where = isFromEnvironment
    ? `it comes from ${setting.environmentName} in the environment`
    : `set it in ${path} or ${setting.environmentName}`;
  return `expected ${setting.expected}, got ${got}${hint(setting, value)}; ${where}`;
}

/** The commonest slips, with the cure. */
function hint(setting: Setting, value: unknown): string {
  if (typeof value !== 'string') return '';
  if (setting.kind === 'integer' && /^\d+$/.test(value)) return ` (text: write ${value} without quotes)`;
  if (setting.kind === 'list') return listHint(setting, value);
  if (setting.name !== 'endpoint') return '';
  const [, host, port] = value.match(/^(?:[a-z]+:\/\/)?([\w.-]+)(?::(\d{1,5}))?(?:\/.*)?$/i) ?? [];
  if (host === undefined || host === value) return '';
  return port === undefined ? ` (write ${shown(host)})` : ` (write ${shown(host)}, and ${port} as port)`;
}

function listHint({ name }: Setting, text: string): string {
  if (!/^[\w./-]/.test(text)) return ''; // no entry of any list of ours, such as JSON that is cut short
  const isCommandLine = name.endsWith('Command') && !/["'\\]/.test(text);
  return ` (write ${shown(isCommandLine ? text.trim().split(/\s+/) : [text])})`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function absolutePaths(values: Partial<Config>, folder: string): Partial<Config> {
  const absolute = SETTINGS.filter((setting) => setting.isPath).flatMap(({ name }) => {
    const value = values[name];
    if (value === undefined || value === '') return []; // one that may be empty names nothing then
    return [[name, Array.isArray(value) ? value.map((path) => resolve(folder, path)) : resolve(folder, String(value))]];
  });
  return { ...values, ...Object.fromEntries(absolute) };
}

/** sun_path of unix(7) has 108 bytes, one of them the terminating zero. */
const MAX_SOCKET_PATH_BYTES = 107;
const SOCKET = '/agent.sock';

function tooLongForSocket({ runtimeDir = '' }: Partial<Config>): string[] {
  const limit = MAX_SOCKET_PATH_BYTES - SOCKET.length;
  const bytes = Buffer.byteLength(runtimeDir);
  if (bytes <= limit) return [];
  return [
    `runtimeDir: expected a path of at most ${limit} bytes, because a socket lies in it, got ${bytes}: ${runtimeDir}`,
  ];
}

function wrongKeys({ artifactKeys, unsignedDownloads }: Partial<Config>): string[] {
  if (artifactKeys === undefined) return []; // it is wrong in another way, and that is told
  const { problems } = readArtifactKeys(artifactKeys);
  if (unsignedDownloads === 'refused' && artifactKeys.length === 0) {
    return ['unsignedDownloads: refused, but artifactKeys has no key: nothing could be downloaded'];
  }
  return problems.map((problem) => `artifactKeys: ${problem}`);
}

function complete(valid: Partial<Config>): Config {
  const config = { ...valid, clientId: valid.clientId ?? valid.thingName } as Config;
  for (const value of Object.values(config)) Object.freeze(value);
  return Object.freeze(config);
}
