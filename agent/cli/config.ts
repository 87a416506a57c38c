/** `job-agent config`: every mistake in the configuration, or every setting as it is in force. */
import { loadAgentSetup } from '../config/agent-setup.ts';
import type { ConfigSource } from '../config/load.ts';
import { withoutSecrets } from '../config/setting.ts';
import { EXIT } from './usage.ts';

/** @throws ConfigError that lists everything wrong, credentials included. */
export async function config(source: ConfigSource, asJson: boolean): Promise<number> {
  const setup = await loadAgentSetup(source);
  const shown = withoutSecrets(setup.config);
  const settings = Object.entries(shown);
  const width = Math.max(...settings.map(([name]) => name.length));
  console.log(
    asJson
      ? JSON.stringify(shown, null, 2)
      : settings.map(([name, value]) => `${name.padEnd(width)}  ${JSON.stringify(value)}`).join('\n'),
  );
  for (const { code, path, validFrom, validTo } of setup.credentials.warnings) {
    console.error(`warning: ${code}: ${path} is valid from ${validFrom} to ${validTo}; is this machine's clock right?`);
  }
  for (const { code, path, reason } of setup.credentials.openWarnings) {
    console.error(`warning: ${code}: ${path}: ${reason}`);
  }
  for (const { setting, reason } of setup.doubts) console.error(`warning: ${setting}: ${reason}`);
  return EXIT.done;
}
