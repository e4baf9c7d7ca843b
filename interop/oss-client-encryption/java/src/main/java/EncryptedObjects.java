import com.aliyun.oss.OSSEncryptionClient;
import com.aliyun.oss.OSSEncryptionClientBuilder;
import com.aliyun.oss.common.auth.DefaultCredentialProvider;
import com.aliyun.oss.crypto.EncryptionMaterials;
import com.aliyun.oss.crypto.KmsEncryptionMaterials;
import com.aliyun.oss.crypto.MultipartUploadCryptoContext;
import com.aliyun.oss.crypto.SimpleRSAEncryptionMaterials;
import com.aliyun.oss.model.CompleteMultipartUploadRequest;
import com.aliyun.oss.model.GetObjectRequest;
import com.aliyun.oss.model.InitiateMultipartUploadRequest;
import com.aliyun.oss.model.OSSObject;
import com.aliyun.oss.model.PartETag;
import com.aliyun.oss.model.PutObjectRequest;
import com.aliyun.oss.model.UploadPartRequest;
import com.aliyuncs.profile.DefaultProfile;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Writes and reads encrypted objects with OSSEncryptionClient.
 *
 * <ul>
 *   <li>write [prefix] [file]: the file as [prefix]simple and, in parts, as [prefix]parts
 *   <li>read [key] [file] [first]-[last]…: the object into the file; ranges of it, in hexadecimal, to stdout
 * </ul>
 *
 * MASTER says what wraps the content keys: rsa or kms.
 */
public final class EncryptedObjects {
  private static final Map<String, String> DESCRIPTION = Map.of("key", "shared");
  private static final String REGION = "cn-hangzhou";
  private static final int PART = 102_400;

  private EncryptedObjects() {}

  public static void main(String[] arguments) throws Exception {
    OSSEncryptionClient client =
        new OSSEncryptionClientBuilder()
            .build(environment("OSS_ENDPOINT"), environment("ACCESS_KEY_ID"), environment("ACCESS_KEY_SECRET"), materials());
    if (arguments[0].equals("write")) {
      byte[] content = Files.readAllBytes(Path.of(arguments[2]));
      client.putObject(
          new PutObjectRequest(environment("BUCKET"), arguments[1] + "simple", new ByteArrayInputStream(content)));
      writeParts(client, arguments[1] + "parts", content);
    } else {
      Files.write(Path.of(arguments[2]), read(client, new GetObjectRequest(environment("BUCKET"), arguments[1])));
      for (int index = 3; index < arguments.length; index++) {
        String[] ends = arguments[index].split("-");
        GetObjectRequest request = new GetObjectRequest(environment("BUCKET"), arguments[1]);
        request.setRange(Long.parseLong(ends[0]), Long.parseLong(ends[1]));
        System.out.println(HexFormat.of().formatHex(read(client, request)));
      }
    }
    client.shutdown();
  }

  private static void writeParts(OSSEncryptionClient client, String key, byte[] content) {
    String bucket = environment("BUCKET");
    MultipartUploadCryptoContext context = new MultipartUploadCryptoContext();
    context.setPartSize(PART);
    context.setDataSize(content.length);
    String uploadId =
        client.initiateMultipartUpload(new InitiateMultipartUploadRequest(bucket, key), context).getUploadId();
    List<PartETag> parts = new ArrayList<>();
    for (int start = 0; start < content.length; start += PART) {
      int length = Math.min(PART, content.length - start);
      UploadPartRequest request =
          new UploadPartRequest(
              bucket, key, uploadId, start / PART + 1, new ByteArrayInputStream(content, start, length), length);
      parts.add(client.uploadPart(request, context).getPartETag());
    }
    client.completeMultipartUpload(new CompleteMultipartUploadRequest(bucket, key, uploadId, parts));
  }

  private static byte[] read(OSSEncryptionClient client, GetObjectRequest request) throws Exception {
    try (OSSObject object = client.getObject(request)) {
      return object.getObjectContent().readAllBytes();
    }
  }

  private static EncryptionMaterials materials() throws Exception {
    if (environment("MASTER").equals("kms")) {
      DefaultProfile.addEndpoint(REGION, "Kms", environment("KMS_ENDPOINT"));
      KmsEncryptionMaterials materials = new KmsEncryptionMaterials(REGION, environment("KMS_KEY_ID"), DESCRIPTION);
      materials.setKmsCredentialsProvider(
          new DefaultCredentialProvider(environment("ACCESS_KEY_ID"), environment("ACCESS_KEY_SECRET")));
      return materials;
    }
    KeyPair pair =
        new KeyPair(
            SimpleRSAEncryptionMaterials.getPublicKeyFromPemX509(Files.readString(Path.of(environment("PUBLIC_KEY")))),
            SimpleRSAEncryptionMaterials.getPrivateKeyFromPemPKCS8(Files.readString(Path.of(environment("PRIVATE_KEY")))));
    return new SimpleRSAEncryptionMaterials(pair, DESCRIPTION);
  }

  private static String environment(String name) {
    return System.getenv(name);
  }
}
