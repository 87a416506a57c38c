import { ConfigError } from './config-error.ts';
import { type CredentialChecks, type Credentials, checkCredentials } from './credentials.ts';
import { type DoubtfulSetting, findDoubtfulSettings } from './doubtful-settings.ts';
import { type ConfigSource, readSettings } from './load.ts';
import type { Config } from './schema.ts';

export interface AgentSetup {
  readonly config: Config;
  readonly credentials: Credentials;
  readonly doubts: readonly DoubtfulSetting[];
}

/**
 * Settings and credentials in one go, so that a person who sets up a gateway sees every mistake at the first start.
 * @throws ConfigError that lists everything wrong with either.
 */
export async function loadAgentSetup(source: ConfigSource, checks: CredentialChecks = {}): Promise<AgentSetup> {
  const settings = await readSettings(source);
  const files = await checkCredentials(settings.valid, checks);
  if (settings.config === undefined || files.credentials === undefined) {
    throw new ConfigError([...settings.problems, ...files.problems]);
  }
  const { config } = settings;
  return { config, credentials: files.credentials, doubts: await findDoubtfulSettings(config, source.env.PATH) };
}
