import type { SettingName } from './schema.ts';
import { ENVIRONMENT_PREFIX, SETTINGS, type Setting } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentSettings {
  readonly values: Readonly<Partial<Record<SettingName, unknown>>>;
  /** Variables that look like ours and name no setting. */
  readonly unknownNames: readonly string[];
}

/** Not a setting: marks every process of a run, so a command line used inside a handler inherits it. */
const NOT_SETTINGS = ['JOB_AGENT_RUN_ID'];

/** Text becomes what the setting is made of; text that cannot is passed on, for the check to refuse it as it was given. */
export function readEnvironment(env: Environment): EnvironmentSettings {
  const values: Partial<Record<SettingName, unknown>> = {};
  const unknownNames: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENVIRONMENT_PREFIX) || NOT_SETTINGS.includes(name)) continue;
    const setting = SETTINGS.find(({ environmentName }) => environmentName === name);
    if (setting === undefined) unknownNames.push(name);
    else values[setting.name] = fromText(setting, text);
  }
  return { values, unknownNames };
}

function fromText(setting: Setting, text: string): unknown {
  if (setting.kind === 'integer') return /^\s*-?\d+\s*$/.test(text) ? Number(text) : text;
  if (setting.kind === 'list') return listFromText(text.trim());
  return text;
}

/** Commas, or JSON for entries that hold a comma. */
function listFromText(text: string): unknown {
  if (text === '') return [];
  if (!text.startsWith('[')) return text.split(',').map((entry) => entry.trim());
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
