import { createFakeBroker } from '../fakes/fake-transport.ts';
import { type ContractBroker, transportContract } from './transport-contract.ts';

const REFUSED_FILTER = 'refused/topic';

transportContract(
  'the fake',
  async (): Promise<ContractBroker> => {
    const broker = createFakeBroker();
    broker.refuseFilter(REFUSED_FILTER);
    return {
      transport: async (clientId) => broker.transport(clientId),
      publish: async (topic, payload) => broker.publish(topic, payload),
      nextMessage: (topic) =>
        new Promise((resolve) => {
          broker.onPublish((message) => {
            if (message.topic === topic) resolve(new TextEncoder().encode(message.payload));
          });
        }),
      closeClient: async (clientId) => broker.kick('CLOSED_BY_BROKER', clientId),
      stop: async () => broker.kick(),
    };
  },
  REFUSED_FILTER,
);
