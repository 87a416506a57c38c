/** An account as a target: AWS's own, or whoever speaks its API. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { IoT } from '@aws-sdk/client-iot';
import { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import { type AccountSettings, missing } from './account-settings.ts';
import { type MakeThing, type OpenTarget, openTarget, type ThingIdentity } from './open-target.ts';
import type { ConformanceTarget } from './target.ts';

/** @throws MissingAccount when nobody knows credentials. */
export async function openAccountTarget(settings: AccountSettings): Promise<OpenTarget> {
  const { region, credentials, iotEndpoint, caFile } = settings;
  const client = { region, ...(credentials && { credentials }) };
  const iot = new IoT({ ...client, ...(iotEndpoint !== undefined && { endpoint: iotEndpoint }) });
  try {
    await iot.config.credentials();
  } catch {
    throw missing(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
  }
  const data = new IoTJobsDataPlane({ ...client, endpoint: await dataEndpoint(iot, settings) });
  const prefix = `conformance-${randomBytes(4).toString('hex')}`;
  const target = openTarget({
    iot,
    data,
    mqtt: {
      host: settings.mqttHost,
      port: settings.mqttPort,
      ...(caFile !== undefined && { ca: await readFile(caFile) }),
    },
    prefix,
    makeThing: makeAccountThings(iot, prefix),
  });
  const close = async () => {
    const left = await target.close();
    iot.destroy();
    data.destroy();
    return left;
  };
  return { ...target, close };
}

async function dataEndpoint(iot: IoT, { dataEndpoint: given }: AccountSettings): Promise<string> {
  if (given !== undefined) return given;
  const { endpointAddress } = await iot.describeEndpoint({ endpointType: 'iot:Jobs' });
  return `https://${endpointAddress}`;
}

/** One certificate and one policy for all things of a run: an account has few of both to spare, and takes its time. */
export function makeAccountThings(iot: IoT, prefix: string): MakeThing {
  let shared: Promise<ThingIdentity & { readonly principal: string }> | undefined;
  return async (thingName, onClose) => {
    const { thingArn = '' } = await iot.createThing({ thingName });
    const removeThing = () => iot.deleteThing({ thingName });
    // `arn:aws:iot:REGION:ACCOUNT`, which also says in which partition the account is.
    const account = thingArn.split(':').slice(0, 5).join(':');
    shared ??= makeIdentity(iot, { name: prefix, account, onClose });
    const { principal, key, cert } = await shared.catch(async (error: unknown) => {
      await removeThing();
      throw error;
    });
    onClose(removeThing);
    await iot.attachThingPrincipal({ thingName, principal });
    onClose(() => iot.detachThingPrincipal({ thingName, principal }));
    return { thingName, thingArn, key, cert };
  };
}

interface IdentityOptions {
  /** Of the policy, and how every thing's name begins. */
  readonly name: string;
  readonly account: string;
  readonly onClose: ConformanceTarget['onClose'];
}

async function makeIdentity(
  iot: IoT,
  { name, account, onClose }: IdentityOptions,
): Promise<ThingIdentity & { readonly principal: string }> {
  await iot.createPolicy({ policyName: name, policyDocument: JSON.stringify(policyDocument(account, name)) });
  onClose(() => iot.deletePolicy({ policyName: name }));
  const made = await iot.createKeysAndCertificate({ setAsActive: true });
  const { certificateArn: principal = '', certificateId = '', certificatePem = '', keyPair } = made;
  onClose(() => iot.deleteCertificate({ certificateId, forceDelete: true }));
  onClose(() => iot.updateCertificate({ certificateId, newStatus: 'INACTIVE' }));
  await iot.attachPolicy({ policyName: name, target: principal });
  onClose(() => iot.detachPolicy({ policyName: name, target: principal }));
  return { principal, key: keyPair?.PrivateKey ?? '', cert: certificatePem };
}

/** Things of this run may speak to the Jobs service under their own names, and do nothing else. */
function policyDocument(account: string, prefix: string): object {
  const thing = `\${iot:ClientId}`;
  const statement = (Action: string | readonly string[], Resource: string | readonly string[]) => {
    return { Effect: 'Allow', Action, Resource };
  };
  return {
    Version: '2012-10-17',
    Statement: [
      statement('iot:Connect', `${account}:client/${prefix}-*`),
      statement(['iot:Publish', 'iot:Receive'], `${account}:topic/$aws/things/${thing}/jobs/*`),
      statement('iot:Subscribe', `${account}:topicfilter/$aws/things/${thing}/jobs/*`),
    ],
  };
}
