import com.aliyuncs.AcsResponse;
import com.aliyuncs.DefaultAcsClient;
import com.aliyuncs.IAcsClient;
import com.aliyuncs.RpcAcsRequest;
import com.aliyuncs.exceptions.ClientException;
import com.aliyuncs.http.ProtocolType;
import com.aliyuncs.kms.model.v20160120.CreateKeyRequest;
import com.aliyuncs.kms.model.v20160120.DecryptRequest;
import com.aliyuncs.kms.model.v20160120.EncryptRequest;
import com.aliyuncs.kms.model.v20160120.GenerateDataKeyRequest;
import com.aliyuncs.kms.model.v20160120.GenerateDataKeyResponse;
import com.aliyuncs.profile.DefaultProfile;
import com.google.gson.Gson;
import java.util.Map;

/** {@code aliyun-java-sdk-kms}: signature of RPC 1.0. */
final class RpcKmsClient implements KmsClient {
  private final IAcsClient client;

  RpcKmsClient(Caller caller, String region, String endpoint) {
    DefaultProfile profile =
        DefaultProfile.getProfile(region, caller.accessKeyId(), caller.accessKeySecret(), caller.securityToken());
    DefaultProfile.addEndpoint(region, "Kms", endpoint);
    client = new DefaultAcsClient(profile);
  }

  @Override
  public String createKey() {
    return send(new CreateKeyRequest()).getKeyMetadata().getKeyId();
  }

  @Override
  public DataKey generateDataKey(String keyId, Map<String, String> context) {
    GenerateDataKeyRequest request = new GenerateDataKeyRequest();
    request.setKeyId(keyId);
    request.setNumberOfBytes(32);
    request.setEncryptionContext(new Gson().toJson(context));
    GenerateDataKeyResponse response = send(request);
    return new DataKey(response.getPlaintext(), response.getCiphertextBlob());
  }

  @Override
  public String encrypt(String keyId, String plaintext, Map<String, String> context) {
    EncryptRequest request = new EncryptRequest();
    request.setKeyId(keyId);
    request.setPlaintext(plaintext);
    request.setEncryptionContext(new Gson().toJson(context));
    return send(request).getCiphertextBlob();
  }

  @Override
  public String decrypt(String ciphertextBlob, Map<String, String> context) {
    DecryptRequest request = new DecryptRequest();
    request.setCiphertextBlob(ciphertextBlob);
    request.setEncryptionContext(new Gson().toJson(context));
    return send(request).getPlaintext();
  }

  private <T extends AcsResponse> T send(RpcAcsRequest<T> request) {
    request.setSysProtocol(ProtocolType.HTTP);
    try {
      return client.getAcsResponse(request);
    } catch (ClientException error) {
      throw new Refusal(error.getErrCode(), error);
    }
  }
}
