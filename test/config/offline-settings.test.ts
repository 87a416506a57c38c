import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadOfflineSettings, thingNameOf } from '../../agent/config/offline-settings.ts';

async function configFile(text?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'offline-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'config.json');
  if (text !== undefined) await writeFile(file, text);
  return file;
}

test('without a file every setting has its default', async () => {
  const { config, file } = await loadOfflineSettings({ file: await configFile(), env: {} }, false);
  expect(file).toBeUndefined();
  expect(config).toMatchObject({ handlersDir: '/etc/iot-job-agent/handlers', stopGraceSeconds: 10 });
  expect(config.thingName).toMatch(/^[a-zA-Z0-9:_-]+$/);
});

test('a file that was named has to be there', async () => {
  await expect(loadOfflineSettings({ file: await configFile(), env: {} }, true)).rejects.toThrow('no such file');
});

test('a file needs nothing of the connection, and the environment wins', async () => {
  const file = await configFile('{"handlersDir": "mine", "stopGraceSeconds": 3}');
  const { config } = await loadOfflineSettings({ file, env: { JOB_AGENT_STOP_GRACE_SECONDS: '4' } }, false);
  expect(config).toMatchObject({ handlersDir: join(file, '..', 'mine'), stopGraceSeconds: 4 });
});

test('what is there has to be right', async () => {
  const file = await configFile('{"handlerDir": "mine", "endpoint": "https://x"}');
  const loading = loadOfflineSettings({ file, env: {} }, false);
  await expect(loading).rejects.toThrow('did you mean handlersDir?');
  await expect(loading).rejects.toThrow('endpoint: expected a host name only');
});

test('authorities for downloads are read, and told when they cannot be', async () => {
  const file = await configFile('{"downloadCaPath": "absent.pem"}');
  await expect(loadOfflineSettings({ file, env: {} }, false)).rejects.toThrow(/downloadCaPath: .*absent\.pem/);
});

test('the host names the thing, as far as AWS allows it', () => {
  expect(thingNameOf('gw 1.example')).toBe('gw-1-example');
  expect(thingNameOf('')).toBe('this-machine');
  expect(thingNameOf('x'.repeat(300))).toHaveLength(128);
});
