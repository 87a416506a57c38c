/** What `job-agent plan` shows of parameters, and what is told of those that are refused: none of what may be a secret. */
import { expect, test } from 'vitest';
import { createAjvCompiler } from '../../agent/adapters/schema/ajv-check.ts';
import type { JsonValue } from '../../agent/core/json.ts';
import { withoutSecrets } from '../../agent/dry-run/hide-secrets.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';

const SECRET = 'SEKRIT';
const URL_WITH_SECRET = `https://files.example/a?X-Amz-Signature=${SECRET}`;
const ARGV = ['program', `--password=${SECRET}`];

/** Each place that may hold a secret. */
const SECRETS: readonly (readonly [operation: string, parameters: { readonly [name: string]: JsonValue }])[] = [
  ['collect-logs', { journal: {}, url: URL_WITH_SECRET }],
  ['containers', { action: 'run', container: { name: 'app', image: 'app:1', command: ARGV } }],
  ['containers', { action: 'run', container: { name: 'app', image: 'app:1' }, environment: { TOKEN: SECRET } }],
  [
    'containers',
    {
      action: 'up',
      project: 'app',
      compose: { services: { app: { image: 'app:1', environment: { TOKEN: SECRET } } } },
    },
  ],
  ['containers', { action: 'up', project: 'app', compose: { services: {}, 'x-token': SECRET } }],
  ['download-file', { url: URL_WITH_SECRET, path: 'a' }],
  ['download-file', { url: 'https://files.example/a', signatureUrl: URL_WITH_SECRET, path: 'a' }],
  ['edit-config', { path: 'a', format: 'json', merge: { token: SECRET } }],
  ['edit-config', { path: 'a', format: 'json', patch: [{ op: 'add', path: '/token', value: SECRET }] }],
  ['edit-config', { path: 'a', format: 'lines', ensureLines: [SECRET], removeLines: [SECRET] }],
  ['edit-config', { path: 'a', format: 'lines', ensureLines: ['a'], check: ARGV, apply: ARGV }],
  ['firmware', { url: URL_WITH_SECRET }],
  ['firmware', { bundle: 'a', healthCheck: ARGV, commit: ARGV, rollback: ARGV }],
  ['install-application', { name: 'app', files: [{ path: 'a', url: URL_WITH_SECRET }], command: ARGV }],
  ['inventory', { url: URL_WITH_SECRET }],
  ['run-command', { command: ARGV }],
  ['upload-file', { path: 'a', url: URL_WITH_SECRET }],
  ['write-file', { path: 'a', content: SECRET, check: ARGV, apply: ARGV }],
];

function schemaOf(operation: string) {
  const handler = builtInHandlers.find((one) => one.operation === operation);
  if (handler === undefined) throw new Error(`no ${operation}`);
  return handler.parameters;
}

test.each(SECRETS)('%s shows none of %j', (operation, parameters) => {
  const schema = schemaOf(operation);
  expect(createAjvCompiler()(schema)(parameters)).toBeUndefined(); // so it is what a job may have
  const shown = JSON.stringify(withoutSecrets(parameters, schema as JsonSchema));
  expect(shown).not.toContain(SECRET);
  expect(Object.keys(JSON.parse(shown) as object)).toEqual(Object.keys(parameters));
});
