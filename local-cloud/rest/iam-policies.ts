/**
 * Which key pair may call which operation: identity-based policies as IAM has them, from a file that maps access key ids
 * to lists of policy documents. Without a file every key pair may do everything; with one, only the `[default]` profile
 * may where the file does not speak of it.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject, ownMember } from '../../agent/core/json.ts';
import type { KeyPair } from '../identity/key-pairs.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import { ACCOUNT_ID, REGION } from '../jobs-service/state.ts';
import type { PolicyDocument } from '../policy/evaluate-policy.ts';
import { evaluatePolicies, parsePolicyDocument } from '../policy/evaluate-policy.ts';
import type { Action } from './action-resources.ts';

/** By access key id. */
export type IamPolicies = ReadonlyMap<string, readonly PolicyDocument[]>;

const MANAGING_PROFILE = 'default';

/**
 * @param text `{"<access key id>": [<policy document>, …], …}`
 * @throws Error with the place in the file and what is wrong there
 */
export function parseIamPolicies(text: string, keyPairs: readonly KeyPair[]): IamPolicies {
  const file = parseJson(text);
  const known = new Set(keyPairs.map(({ accessKeyId }) => accessKeyId));
  return new Map(
    Object.keys(file).map((accessKeyId) => {
      if (!known.has(accessKeyId)) {
        throw new Error(`${accessKeyId}: no profile of the credentials file has this access key id`);
      }
      return [accessKeyId, parseDocuments(accessKeyId, ownMember(file, accessKeyId))];
    }),
  );
}

/** @throws ControlError AccessDeniedException for the first resource that the caller may not do this to. */
export function authorize(
  policies: IamPolicies | undefined,
  caller: { readonly keyPair: KeyPair; readonly sourceIp: string | undefined },
  { action, resources, keys }: Action,
): void {
  const { keyPair, sourceIp } = caller;
  const documents = policies?.get(keyPair.accessKeyId);
  if (!policies || (!documents && keyPair.profile === MANAGING_PROFILE)) return;
  const user = `arn:aws:iam::${ACCOUNT_ID}:user/${keyPair.profile}`;
  const variables = {
    ...keys,
    'aws:username': keyPair.profile,
    'aws:userid': keyPair.accessKeyId,
    'aws:PrincipalArn': user,
    'aws:PrincipalAccount': ACCOUNT_ID,
    'aws:PrincipalType': 'User',
    'aws:RequestedRegion': REGION,
    'aws:SourceIp': sourceIp,
    'aws:SecureTransport': 'false',
  };
  for (const resource of resources) {
    const decision = evaluatePolicies(documents ?? [], { action, resource, variables });
    if (decision === 'allowed') continue;
    const why =
      decision === 'explicitDeny'
        ? 'with an explicit deny in an identity-based policy'
        : `because no identity-based policy allows the ${action} action`;
    throw new ControlError(
      'AccessDeniedException',
      `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
    );
  }
}

function parseJson(text: string): JsonObject {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw new Error(`it is not valid JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (!isJsonObject(file))
    throw new Error('it must be an object that maps access key ids to lists of policy documents');
  return file;
}

function parseDocuments(accessKeyId: string, documents: unknown): readonly PolicyDocument[] {
  if (!Array.isArray(documents)) throw new Error(`${accessKeyId}: a list of policy documents was expected`);
  return documents.map((document: unknown, index) => {
    try {
      return parsePolicyDocument(JSON.stringify(document));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${accessKeyId}[${index}]: ${reason}`, { cause });
    }
  });
}
