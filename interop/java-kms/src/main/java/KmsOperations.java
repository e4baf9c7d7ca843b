import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keys, data keys and ciphertexts through one of the official Java clients of KMS ({@code rpc} or {@code openapi}),
 * with an AccessKey and with the STS token of the instance's role. Prints what it saw as JSON.
 */
public final class KmsOperations {
  private static final Map<String, String> CONTEXT = Map.of("purpose", "interop +%&=", "用途", "互操作");
  private static final Map<String, String> OTHER_CONTEXT = Map.of("purpose", "x");

  private KmsOperations() {}

  public static void main(String[] arguments) throws Exception {
    String secret = environment("ADMINISTRATOR_ACCESS_KEY_SECRET");
    KmsClient administrator = client(arguments[0], administrator(secret));
    KmsClient role = client(arguments[0], roleOfInstance());
    String keyId = administrator.createKey();
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("accessKey", dataKeyRoundTrip(administrator, keyId));
    String blob = administrator.encrypt(keyId, "秘密 secret", CONTEXT);
    result.put("encrypted", administrator.decrypt(blob, CONTEXT));
    result.put("otherContext", codeOf(() -> administrator.decrypt(blob, OTHER_CONTEXT)));
    result.put("token", dataKeyRoundTrip(role, environment("KEY_ID")));
    result.put("otherKey", codeOf(() -> role.generateDataKey(keyId, CONTEXT)));
    result.put("createKey", codeOf(role::createKey));
    result.put("wrongSecret", codeOf(client(arguments[0], administrator("wrong"))::createKey));
    System.out.println(new Gson().toJson(result));
  }

  /** Whether what KMS unwraps is what it gave out. */
  private static boolean dataKeyRoundTrip(KmsClient client, String keyId) {
    KmsClient.DataKey dataKey = client.generateDataKey(keyId, CONTEXT);
    return client.decrypt(dataKey.ciphertextBlob(), CONTEXT).equals(dataKey.plaintext());
  }

  private static String environment(String name) {
    return System.getenv(name);
  }

  private static KmsClient client(String kind, KmsClient.Caller caller) throws Exception {
    String endpoint = URI.create(environment("KMS_ENDPOINT")).getAuthority();
    return kind.equals("rpc")
        ? new RpcKmsClient(caller, environment("REGION"), endpoint)
        : new OpenApiKmsClient(caller, environment("REGION"), endpoint);
  }

  private static KmsClient.Caller administrator(String secret) {
    return new KmsClient.Caller(environment("ADMINISTRATOR_ACCESS_KEY_ID"), secret, null);
  }

  private static KmsClient.Caller roleOfInstance() throws Exception {
    String url = environment("IMDS_ENDPOINT") + "/latest/meta-data/ram/security-credentials/" + environment("ROLE_NAME");
    try (InputStream body = URI.create(url).toURL().openStream()) {
      JsonObject document = JsonParser.parseString(new String(body.readAllBytes(), StandardCharsets.UTF_8)).getAsJsonObject();
      return new KmsClient.Caller(
          document.get("AccessKeyId").getAsString(),
          document.get("AccessKeySecret").getAsString(),
          document.get("SecurityToken").getAsString());
    }
  }

  private static String codeOf(Runnable call) {
    try {
      call.run();
      return "";
    } catch (KmsClient.Refusal refusal) {
      return refusal.code;
    }
  }
}
