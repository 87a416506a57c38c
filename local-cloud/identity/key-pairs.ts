/** The key pairs of an AWS shared-credentials file: one user a profile. */

/** One profile (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). */
export interface KeyPair {
  readonly profile: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials: requests must carry it. */
  readonly sessionToken: string | undefined;
}

/**
 * Profiles without a key pair are left out: they may name a role or a process, which mean nothing here.
 * @throws Error that names the profile and what is wrong with it
 */
export function parseKeyPairs(text: string): readonly KeyPair[] {
  const profiles = new Map<string, Map<string, string>>();
  let settings: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const [, header] = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]\s*(?:[#;].*)?$/.exec(line) ?? [];
    const [, name, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) {
      settings = profiles.get(header) ?? new Map();
      profiles.set(header, settings);
    } else if (name !== undefined && value !== undefined) {
      settings?.set(name.toLowerCase(), value);
    }
  }
  return distinct([...profiles].flatMap(([profile, values]) => keyPairOf(profile, values)));
}

function keyPairOf(profile: string, settings: ReadonlyMap<string, string>): readonly KeyPair[] {
  const accessKeyId = settings.get('aws_access_key_id');
  const secretAccessKey = settings.get('aws_secret_access_key');
  if (!accessKeyId && !secretAccessKey) return [];
  if (!accessKeyId) throw new Error(`profile [${profile}] has no aws_access_key_id`);
  if (!secretAccessKey) throw new Error(`profile [${profile}] has no aws_secret_access_key`);
  // It is a part of `Credential=ID/DATE/REGION/…`.
  if (/[/,\s]/.test(accessKeyId)) throw new Error(`profile [${profile}] has an aws_access_key_id that is none`);
  return [{ profile, accessKeyId, secretAccessKey, sessionToken: settings.get('aws_session_token') || undefined }];
}

/** Two secrets for one access key id would make it chance which of them counts. */
function distinct(keyPairs: readonly KeyPair[]): readonly KeyPair[] {
  const seen = new Map<string, KeyPair>();
  for (const keyPair of keyPairs) {
    const other = seen.get(keyPair.accessKeyId);
    if (other && other.secretAccessKey !== keyPair.secretAccessKey) {
      throw new Error(`profiles [${other.profile}] and [${keyPair.profile}] have one access key id with two secrets`);
    }
    if (!other) seen.set(keyPair.accessKeyId, keyPair);
  }
  return [...seen.values()];
}
