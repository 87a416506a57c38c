/** The local cloud as a target, in this process: its clock can be turned. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoT } from '@aws-sdk/client-iot';
import { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import { pino } from 'pino';
import { startJobCloud } from '../../local-cloud/job-cloud.ts';
import { REGION } from '../../local-cloud/jobs-service/state.ts';
import { makeAccountThings } from './account-target.ts';
import { type OpenTarget, openTarget } from './open-target.ts';

export async function openLocalTarget(): Promise<OpenTarget> {
  const dataDir = await mkdtemp(join(tmpdir(), 'job-cloud-conformance-'));
  let aheadMs = 0;
  const cloud = await startJobCloud({
    dataDir,
    mqttPort: 0,
    httpPort: 0,
    host: '127.0.0.1',
    things: [],
    log: pino({ level: 'silent' }),
    now: () => Date.now() + aheadMs,
  });
  const client = { region: REGION, credentials: cloud.credentials, endpoint: `http://127.0.0.1:${cloud.httpPort}` };
  const iot = new IoT(client);
  const data = new IoTJobsDataPlane(client);
  const target = openTarget({
    iot,
    data,
    mqtt: { host: 'localhost', port: cloud.mqttPort, ca: await readFile(cloud.caPath) },
    prefix: 'conformance',
    isDisposable: true,
    makeThing: makeAccountThings(iot, 'conformance'),
    pass: async (seconds) => {
      aheadMs += seconds * 1_000;
      cloud.jobs.tick();
    },
  });
  const close = async () => {
    const left = await target.close();
    iot.destroy();
    data.destroy();
    await cloud.close();
    await rm(dataDir, { recursive: true, force: true });
    return left;
  };
  return { ...target, close };
}
