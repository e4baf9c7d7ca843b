/** Marks an encrypted data key as wrapped by Alibaba Cloud KMS; its provider info is the key's ARN. */
export const kmsProviderId = 'acs-kms';
