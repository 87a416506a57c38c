import { type CheckedSettings, checkSettings } from './check-settings.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readEnvironment } from './environment.ts';
import type { Config } from './schema.ts';
import { readSettingsFile } from './settings-file.ts';

export interface ConfigSource {
  /** JSON. Relative paths in it, and in the environment, are relative to its folder. */
  readonly file: string;
  /** `JOB_AGENT_<UPPER_SNAKE>` wins over the file. Usually `process.env`. */
  readonly env: Environment;
}

/** @throws ConfigError that lists everything wrong. */
export async function loadConfig(source: ConfigSource): Promise<Config> {
  const { config, problems } = await readSettings(source);
  if (config === undefined) throw new ConfigError(problems);
  return config;
}

/** As `loadConfig`, for those who have more to check before they complain. */
export async function readSettings({ file, env }: ConfigSource): Promise<CheckedSettings> {
  return checkSettings(file, await readSettingsFile(file), readEnvironment(env));
}
