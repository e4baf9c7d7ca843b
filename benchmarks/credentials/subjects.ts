import OfficialCredential from '@alicloud/credentials';
import { type AlicloudCredential, ecsRamRole, toAlicloudCredential } from '@yunseal/credentials';

/** A way to get credentials from the metadata service, in the shape that the official clients read. */
export interface Subject {
  readonly name: string;
  /** A new credential object with nothing cached. */
  create(): AlicloudCredential;
}

const officialClass = (OfficialCredential as unknown as { default: OfficialConstructor }).default;
type OfficialConstructor = new (
  config: object,
) => AlicloudCredential & {
  readonly credential: { readonly provider: { doRequest(request: OfficialRequest): Promise<unknown> } };
};
interface OfficialRequest {
  protocol: string;
  host: string;
}

/**
 * Both subjects, reading the same service. Where it has the real address (in a network namespace), nothing else is needed; by
 * `endpoint`, the official package's fixed address is replaced in the function it keeps for its own tests.
 */
export function subjects(endpoint: string | undefined): Subject[] {
  return [
    {
      name: '@alicloud/credentials',
      create() {
        const credential = new officialClass({
          type: 'ecs_ram_role',
          roleName: 'EcsRamRoleTest',
          disableIMDSv1: true,
        });
        if (endpoint !== undefined) {
          const { provider } = credential.credential;
          const send = provider.doRequest.bind(provider);
          provider.doRequest = (request) => send(Object.assign(request, { host: new URL(endpoint).host }));
        }
        return credential;
      },
    },
    {
      name: '@yunseal/credentials',
      create: () => toAlicloudCredential(ecsRamRole({ endpoint, roleName: 'EcsRamRoleTest', env: {} })),
    },
  ];
}
