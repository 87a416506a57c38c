/** The reference of the settings and the example file, as text. Made from the schema only. */
import { SETTINGS, type Setting } from '../../agent/config/setting.ts';
import { renderTable } from './markdown-table.ts';

/** Every setting in a line. @param page where each is told of at length: a path, or nothing on that page itself. */
export function renderSettingsOverview(page: string): string {
  return renderTable(
    ['Setting', 'Default', 'What it is'],
    SETTINGS.map((setting) => [
      `[\`${setting.name}\`](${page}#${setting.name.toLowerCase()})`,
      defaultOf(setting),
      setting.description,
    ]),
  );
}

export function renderSettingsPage(): string {
  return `# Settings

<!-- Made by \`npm run docs\` from agent/config/schema.ts. -->

\`job-agent run --config FILE\` reads a JSON object from FILE; [config.example.json](../config.example.json) is one to start
from. Each setting can also come from the environment, which wins: numbers as digits, lists with commas
(\`app,www-data\`) or as JSON. Relative paths, wherever they come from, are relative to the folder of FILE.

Everything that is wrong is reported at once, with the name that was probably meant for one that is not known, and the
agent exits with code 78. The private key must belong to the agent’s user or to root, and be open to nobody else (mode 600).
No folder on the way to it, to the certificate or to the authorities, links followed, may be one in which everyone can write,
unless it is sticky as \`/tmp\` is; nor may everyone write the files themselves. Whoever can could put others in their place: a
key that makes the gateway another’s, or an authority that lets another be the cloud and send jobs. Where another user or
group can, the agent warns at each start (\`CREDENTIALS_OPEN\`) and goes on.

${renderSettingsOverview('')}
${SETTINGS.map(renderSetting).join('\n')}`;
}

/** What must be set with its example, the rest with its default; what follows another setting is left to follow it. */
export function renderExampleConfig(): string {
  const shown = SETTINGS.filter(({ defaultsTo }) => defaultsTo === undefined);
  const entries = shown.map(({ name, byDefault, example }) => [name, byDefault ?? example]);
  const members = entries.map(([name, value]) => `  ${JSON.stringify(name)}: ${onOneLine(value)}`);
  return `{\n${members.join(',\n')}\n}\n`;
}

/** Lists as one would write them by hand. */
function onOneLine(value: unknown): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]` : JSON.stringify(value);
}

function renderSetting(setting: Setting): string {
  const example = setting.example === undefined ? '' : `- Example: ${code(setting.example)}\n`;
  return `## ${setting.name}

${setting.description}

- Accepted: ${acceptedOf(setting)}
- Default: ${defaultOf(setting)}
${example}- In the environment: \`${setting.environmentName}\`
`;
}

function defaultOf(setting: Setting): string {
  if (setting.required) return 'required';
  return setting.defaultsTo === undefined ? code(setting.byDefault) : `as \`${setting.defaultsTo}\``;
}

function acceptedOf({ expected, isPath, kind }: Setting): string {
  if (isPath) return kind === 'list' ? 'a list of paths' : 'a path';
  return expected.replace(/"([^"]*)"/g, '`$1`');
}

function code(value: unknown): string {
  if (value === '') return 'none';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
