import java.util.Map;

/** The calls of KMS that are tried, whatever client makes them. A call that the service refuses throws {@link Refusal}. */
interface KmsClient {
  String createKey();

  DataKey generateDataKey(String keyId, Map<String, String> context);

  /** Gives the ciphertext blob. */
  String encrypt(String keyId, String plaintext, Map<String, String> context);

  /** Gives the plaintext. */
  String decrypt(String ciphertextBlob, Map<String, String> context);

  record DataKey(String plaintext, String ciphertextBlob) {}

  /** Who calls. The token is null for an AccessKey. */
  record Caller(String accessKeyId, String accessKeySecret, String securityToken) {}

  /** An error as the client reports it. */
  final class Refusal extends RuntimeException {
    final String code;

    Refusal(String code, Throwable cause) {
      super(code, cause);
      this.code = code;
    }
  }
}
