/** What `npm run test:aws` needs to know, from the environment. */

export interface AccountSettings {
  readonly region: string;
  /** Host of the account's `iot:Data-ATS` endpoint. */
  readonly mqttHost: string;
  readonly mqttPort: number;
  /** PEM file of authorities for MQTT; the system's when left out. */
  readonly caFile: string | undefined;
  /** In place of AWS's own hosts. */
  readonly iotEndpoint: string | undefined;
  readonly dataEndpoint: string | undefined;
  /** The SDK looks for them itself when left out: profile, container, instance. */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is missing, in one sentence. */
export class MissingAccount extends Error {
  override readonly name = 'MissingAccount';
}

/** @throws MissingAccount */
export function readAccountSettings(env: Environment): AccountSettings {
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  const [host, port, ...more] = (env.AWS_IOT_ENDPOINT ?? '').replace(/^\w+:\/\//, '').split(':');
  if (!region || !host) throw missing([...(region ? [] : ['AWS_REGION']), ...(host ? [] : ['AWS_IOT_ENDPOINT'])]);
  const mqttPort = port === undefined ? 8883 : Number(port);
  if (more.length > 0 || !Number.isInteger(mqttPort) || mqttPort < 1 || mqttPort > 65_535) {
    throw new MissingAccount(`AWS_IOT_ENDPOINT: HOST or HOST:PORT was expected, '${env.AWS_IOT_ENDPOINT}' came.`);
  }
  return {
    region,
    mqttHost: host,
    mqttPort,
    caFile: env.AWS_IOT_CA_FILE,
    iotEndpoint: env.AWS_ENDPOINT_URL_IOT ?? env.AWS_ENDPOINT_URL,
    dataEndpoint: env.AWS_ENDPOINT_URL_IOT_JOBS_DATA_PLANE ?? env.AWS_ENDPOINT_URL,
    credentials: readCredentials(env),
  };
}

export function missing(names: readonly string[]): MissingAccount {
  return new MissingAccount(
    `npm run test:aws needs an account of AWS: set ${names.join(' and ')} (the region, credentials as every AWS SDK finds ` +
      'them, and in AWS_IOT_ENDPOINT what `aws iot describe-endpoint --endpoint-type iot:Data-ATS` says).',
  );
}

function readCredentials(env: Environment): AccountSettings['credentials'] {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}
