/** Other policies for the certificates of a test's things, and other things on them. */

import { certificateFingerprint } from '../../../local-cloud/identity/certificates.ts';
import type { Certificate } from '../../../local-cloud/registry/registry-state.ts';
import type { TestCloud } from '../../fixtures/job-cloud.ts';
import { thingIdentity } from '../../fixtures/job-cloud.ts';

export const ARN = 'arn:aws:iot:us-east-1:123456789012';

export interface Statement {
  readonly Effect?: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: object;
}

/** From now on the thing's certificate may do what these statements say and nothing else. */
export async function replacePolicy(
  cloud: TestCloud,
  thingName: string,
  statements: readonly Statement[],
): Promise<void> {
  const certificate = await certificateOf(cloud, thingName);
  const policyName = `policy-of-${thingName}`;
  cloud.jobs.state.registry.policies.set(policyName, {
    policyName,
    policyArn: `${ARN}:policy/${policyName}`,
    policyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: statements.map((statement) => ({ Effect: 'Allow', Resource: '*', ...statement })),
    }),
    createdAtMs: 0,
  });
  certificate.policies.clear();
  certificate.policies.add(policyName);
}

export async function certificateOf(cloud: TestCloud, thingName: string): Promise<Certificate> {
  const { cert } = await thingIdentity(cloud, thingName);
  const certificate = cloud.jobs.state.registry.certificates.get(certificateFingerprint(cert));
  if (!certificate) throw new Error(`no certificate of ${thingName} is registered`);
  return certificate;
}
