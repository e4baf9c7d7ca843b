/** The message format a suite belongs to. */
export type FormatName = 'framed' | 'aliyun';

/** A block cipher in a mode, under the name OpenSSL and node:crypto give it. */
export type CipherName =
  | 'aes-128-gcm'
  | 'aes-192-gcm'
  | 'aes-256-gcm'
  | 'aes-128-cbc'
  | 'aes-256-cbc'
  | 'aes-128-ctr'
  | 'aes-256-ctr'
  | 'sm4-gcm'
  | 'sm4-cbc'
  | 'sm4-ctr';

export type HashName = 'sha256' | 'sha384' | 'sha512';

/** The footer signature of a suite: ECDSA over the whole message. */
export interface SuiteSignature {
  readonly curve: 'P-256' | 'P-384';
  readonly hash: 'sha256' | 'sha384';
}

/**
 * An algorithm suite: everything that decides how bytes become ciphertext. Suites are constants; take one from
 * `suites`, never build one.
 *
 * @see framework/algorithm-suites.md of the AWS Encryption SDK specification for the framed ones,
 * the Alibaba Cloud Encryption SDK's algorithm table for the others.
 */
export interface AlgorithmSuite {
  /** The number a message carries: two bytes in the framed format, 1 to 12 in the aliyun one. */
  readonly id: number;
  readonly name: string;
  readonly format: FormatName;
  readonly cipher: CipherName;
  /** Length of the plaintext data key a keyring must supply, in bytes. */
  readonly dataKeyLength: number;
  /** Length of the body's initialization vector, in bytes. */
  readonly ivLength: number;
  /** Length of the body's authentication tag, in bytes; 0 where the body is not authenticated. */
  readonly tagLength: number;
  /** Whether a changed body is detected. The aliyun format's CBC and CTR algorithms do not. */
  readonly authenticated: boolean;
  /** Padding of a CBC body: `pkcs7` (PKCS#5 in the format's own words), or whole blocks only. */
  readonly padding?: 'pkcs7' | 'none' | undefined;
  /** The hash of the HKDF that turns the data key into the message's keys; absent when the data key is used as it is. */
  readonly kdfHash?: HashName | undefined;
  /** Length of the key commitment in the header, in bytes; 0 for a suite that does not commit to its key. */
  readonly commitmentLength: number;
  readonly signature?: SuiteSignature | undefined;
}
