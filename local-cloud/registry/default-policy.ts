/**
 * The policy that things made by `--thing` start with: their own Jobs topics and nothing else. It is wider than the least
 * policy of docs/install.md in one point: that one names the six filters of this project's agent, this one takes whatever
 * filter within the thing's Jobs namespace AWS's SDKs and device agents subscribe to.
 */
import { ACCOUNT_ID, REGION } from '../jobs-service/state.ts';

export const DEFAULT_POLICY_NAME = 'job-cloud-default';

/** As AWS writes it in policies: it stands for the name of the thing that the certificate is attached to. */
const THING_NAME_VARIABLE = `\${iot:Connection.Thing.ThingName}`;
const ARN = `arn:aws:iot:${REGION}:${ACCOUNT_ID}`;
const JOBS = `$aws/things/${THING_NAME_VARIABLE}/jobs/*`;

/** JSON text, as CreatePolicy takes it. */
export const DEFAULT_POLICY_DOCUMENT = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: 'iot:Connect',
      Resource: `${ARN}:client/${THING_NAME_VARIABLE}`,
      Condition: { Bool: { 'iot:Connection.Thing.IsAttached': 'true' } },
    },
    { Effect: 'Allow', Action: 'iot:Subscribe', Resource: `${ARN}:topicfilter/${JOBS}` },
    { Effect: 'Allow', Action: ['iot:Publish', 'iot:Receive'], Resource: `${ARN}:topic/${JOBS}` },
    // Jobs over HTTPS, with the certificate: AWS IoT asks for these actions and not for those of MQTT.
    {
      Effect: 'Allow',
      Action: [
        'iotjobsdata:GetPendingJobExecutions',
        'iotjobsdata:StartNextPendingJobExecution',
        'iotjobsdata:DescribeJobExecution',
        'iotjobsdata:UpdateJobExecution',
      ],
      Resource: `${ARN}:thing/${THING_NAME_VARIABLE}`,
    },
  ],
});
