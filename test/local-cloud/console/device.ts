/** A device as an MQTT client that does what it is told, for tests that look on. */
import type { JsonObject } from '../../../agent/core/json.ts';
import { connectThing, type TestCloud } from '../../fixtures/job-cloud.ts';

export interface Device {
  /** Takes the next job. Resolves when the service answered. */
  startNext(statusDetails?: JsonObject): Promise<void>;
  /** UpdateJobExecution of a job. Resolves when the service answered. */
  update(jobId: string, body: JsonObject): Promise<void>;
  leave(): Promise<void>;
}

export async function connectDevice(cloud: TestCloud, thingName: string): Promise<Device> {
  const client = await connectThing(cloud, thingName);
  let requests = 0;
  const ask = async (topic: string, body: JsonObject) => {
    const clientToken = `${thingName}-${++requests}`;
    const payload = JSON.stringify({ ...body, clientToken });
    await client.publishAsync(`$aws/things/${thingName}/jobs/${topic}`, payload, { qos: 1 });
    const { accepted, answer } = await cloud.deviceRequest(({ answer }) => answer.message.clientToken === clientToken);
    if (!accepted) throw new Error(`refused: ${JSON.stringify(answer.message)}`);
  };
  return {
    startNext: (statusDetails = {}) => ask('start-next', { statusDetails }),
    update: (jobId, body) => ask(`${jobId}/update`, body),
    leave: () => client.endAsync(),
  };
}
