import com.aliyun.kms20160120.Client;
import com.aliyun.kms20160120.models.CreateKeyRequest;
import com.aliyun.kms20160120.models.DecryptRequest;
import com.aliyun.kms20160120.models.EncryptRequest;
import com.aliyun.kms20160120.models.GenerateDataKeyRequest;
import com.aliyun.kms20160120.models.GenerateDataKeyResponseBody;
import com.aliyun.tea.TeaException;
import com.aliyun.teaopenapi.models.Config;
import java.util.Map;

/** {@code kms20160120}: signature ACS3. */
final class OpenApiKmsClient implements KmsClient {
  private final Client client;

  OpenApiKmsClient(Caller caller, String region, String endpoint) throws Exception {
    client =
        new Client(
            new Config()
                .setAccessKeyId(caller.accessKeyId())
                .setAccessKeySecret(caller.accessKeySecret())
                .setSecurityToken(caller.securityToken())
                .setRegionId(region)
                .setProtocol("http")
                .setEndpoint(endpoint));
  }

  @Override
  public String createKey() {
    return send(() -> client.createKey(new CreateKeyRequest()).getBody().getKeyMetadata().getKeyId());
  }

  @Override
  public DataKey generateDataKey(String keyId, Map<String, String> context) {
    GenerateDataKeyRequest request =
        new GenerateDataKeyRequest().setKeyId(keyId).setNumberOfBytes(32).setEncryptionContext(context);
    GenerateDataKeyResponseBody body = send(() -> client.generateDataKey(request).getBody());
    return new DataKey(body.getPlaintext(), body.getCiphertextBlob());
  }

  @Override
  public String encrypt(String keyId, String plaintext, Map<String, String> context) {
    EncryptRequest request =
        new EncryptRequest().setKeyId(keyId).setPlaintext(plaintext).setEncryptionContext(context);
    return send(() -> client.encrypt(request).getBody().getCiphertextBlob());
  }

  @Override
  public String decrypt(String ciphertextBlob, Map<String, String> context) {
    DecryptRequest request =
        new DecryptRequest().setCiphertextBlob(ciphertextBlob).setEncryptionContext(context);
    return send(() -> client.decrypt(request).getBody().getPlaintext());
  }

  private interface Call<T> {
    T make() throws Exception;
  }

  private static <T> T send(Call<T> call) {
    try {
      return call.make();
    } catch (TeaException error) {
      throw new Refusal(error.getCode(), error);
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }
}
