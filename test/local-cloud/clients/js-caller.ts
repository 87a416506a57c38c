/** AWS SDK for JavaScript, version 3. */
import { IoT } from '@aws-sdk/client-iot';
import { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import type { JsonObject } from '../../../agent/core/json.ts';
import type { AwsCaller, AwsService, CallerOptions } from './aws-caller.ts';

type Method = (input: JsonObject) => Promise<Readonly<Record<string, unknown>>>;

export function createJsCaller({ endpoint, region, credentials }: CallerOptions): AwsCaller {
  const clients = {
    iot: new IoT({ endpoint, region, credentials }),
    'iot-jobs-data': new IoTJobsDataPlane({ endpoint, region, credentials }),
  };
  const methodOf = (service: AwsService, operation: string): Method | undefined => {
    const name = operation.charAt(0).toLowerCase() + operation.slice(1);
    const client = clients[service] as unknown as Readonly<Record<string, unknown>>;
    const method = client[name];
    return typeof method === 'function' ? (method.bind(client) as Method) : undefined;
  };
  return {
    name: 'AWS SDK for JavaScript 3',
    knows: (service, operation) => methodOf(service, operation) !== undefined,
    call: async (service, operation, input) => {
      try {
        const { $metadata, ...output } = (await methodOf(service, operation)?.(input)) ?? {};
        return { output: JSON.parse(JSON.stringify(output)) as JsonObject };
      } catch (thrown) {
        const { name, message, $metadata } = thrown as Error & { $metadata?: { httpStatusCode?: number } };
        return { error: name, message, ...($metadata?.httpStatusCode && { status: $metadata.httpStatusCode }) };
      }
    },
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}
