import { ServiceError } from '../http/service-error.ts';

/**
 * What OSS answers instead of a result: codes, statuses and wording after its error reference ("OSS error codes").
 * The details become elements of the XML document beside Code, Message, RequestId and HostId.
 */

export type ErrorDetail = string | Readonly<Record<string, string>>;

export const accessDenied = (message: string, details?: Readonly<Record<string, ErrorDetail>>) =>
  new ServiceError(403, 'AccessDenied', message, details);

export const invalidArgument = (name: string, value: string, message: string) =>
  new ServiceError(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value });

export const malformedXml = (reason: string) =>
  new ServiceError(
    400,
    'MalformedXML',
    `The XML you provided was not well-formed or did not validate against our published schema: ${reason}`,
  );

export const methodNotAllowed = (method: string, resource: string) =>
  new ServiceError(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    Method: method,
    ResourceType: resource,
  });

export const notImplemented = (what: string) =>
  new ServiceError(501, 'NotImplemented', `The local OSS does not implement ${what}.`);

export const noSuchBucket = (bucket: string) =>
  new ServiceError(404, 'NoSuchBucket', 'The specified bucket does not exist.', { BucketName: bucket });

export const noSuchKey = (key: string) =>
  new ServiceError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });

export const noSuchUpload = (uploadId: string) =>
  new ServiceError(
    404,
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );

export const entityTooLarge = (limit: number, proposed: number) =>
  new ServiceError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size.', {
    MaxSizeAllowed: String(limit),
    ProposedSize: String(proposed),
  });

export const incompleteBody = () =>
  new ServiceError(
    400,
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  );
