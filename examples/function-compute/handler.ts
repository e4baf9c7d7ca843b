import { type FunctionComputeContext, functionCompute } from '@yunseal/credentials';
import { kmsKeyring } from '@yunseal/keyring-kms';
import { alicloudOssStore, createOssEncryptionClient } from '@yunseal/oss-integration';

/** What the function is configured with, as environment variables of the service. */
const { BUCKET = '', KMS_KEY_ARN = '', OSS_ENDPOINT, KMS_ENDPOINT } = process.env;

// Made once per instance of the function; each invocation brings newer credentials of the function's role.
const credentials = functionCompute();
const objects = createOssEncryptionClient({
  store: alicloudOssStore({ bucket: BUCKET, credentials, endpoint: OSS_ENDPOINT }),
  keyring: kmsKeyring({ keyId: KMS_KEY_ARN, credentials, endpoint: KMS_ENDPOINT }),
});

/** The part of an HTTP trigger's event that is used here. */
interface HttpEvent {
  readonly rawPath: string;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: { readonly http: { readonly method: string } };
}

interface HttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isBase64Encoded?: boolean;
  readonly body: string;
}

/** `PUT /<key>` encrypts the body into the bucket; `GET /<key>` gives it back decrypted. */
export async function handler(event: Buffer, context: FunctionComputeContext): Promise<HttpAnswer> {
  credentials.useContext(context);
  const { rawPath, body = '', isBase64Encoded, requestContext } = JSON.parse(event.toString()) as HttpEvent;
  const key = decodeURIComponent(rawPath.slice(1));
  switch (requestContext.http.method) {
    case 'PUT': {
      await objects.put(key, Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'));
      return { statusCode: 204, body: '' };
    }
    case 'GET': {
      if (!(await objects.exists(key))) return { statusCode: 404, body: '' };
      const object = await objects.get(key);
      const bytes = Buffer.from(await object.bytes());
      return { statusCode: 200, isBase64Encoded: true, body: bytes.toString('base64') };
    }
    default:
      return { statusCode: 405, body: '' };
  }
}
