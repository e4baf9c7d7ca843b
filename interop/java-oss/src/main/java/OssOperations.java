import com.aliyun.oss.ClientBuilderConfiguration;
import com.aliyun.oss.HttpMethod;
import com.aliyun.oss.OSS;
import com.aliyun.oss.OSSClientBuilder;
import com.aliyun.oss.OSSException;
import com.aliyun.oss.common.auth.CredentialsProvider;
import com.aliyun.oss.common.auth.DefaultCredentialProvider;
import com.aliyun.oss.common.comm.SignVersion;
import com.aliyun.oss.model.AppendObjectRequest;
import com.aliyun.oss.model.CompleteMultipartUploadRequest;
import com.aliyun.oss.model.DeleteObjectsRequest;
import com.aliyun.oss.model.GetObjectRequest;
import com.aliyun.oss.model.InitiateMultipartUploadRequest;
import com.aliyun.oss.model.ListObjectsV2Request;
import com.aliyun.oss.model.ListObjectsV2Result;
import com.aliyun.oss.model.OSSObject;
import com.aliyun.oss.model.OSSObjectSummary;
import com.aliyun.oss.model.ObjectMetadata;
import com.aliyun.oss.model.PartETag;
import com.aliyun.oss.model.UploadPartRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Random;
import org.codehaus.jettison.json.JSONArray;
import org.codehaus.jettison.json.JSONObject;

/**
 * The documents' story and the main operations of OSS through the official Java client. Prints what it saw as JSON.
 */
public final class OssOperations {
  private OssOperations() {}

  public static void main(String[] arguments) throws Exception {
    JSONObject result = arguments[0].equals("role") ? underRole() : operations(SignVersion.valueOf(arguments[0]));
    System.out.println(result);
  }

  private static String environment(String name) {
    return System.getenv(name);
  }

  private static OSS client(CredentialsProvider credentials, SignVersion version) {
    ClientBuilderConfiguration configuration = new ClientBuilderConfiguration();
    configuration.setSignatureVersion(version);
    return OSSClientBuilder.create()
        .endpoint(environment("OSS_ENDPOINT"))
        .credentialsProvider(credentials)
        .clientConfiguration(configuration)
        .region(environment("REGION"))
        .build();
  }

  /** Lists ten files with the credentials of the instance's role, and tries what the role was not granted. */
  private static JSONObject underRole() throws Exception {
    String url = environment("IMDS_ENDPOINT") + "/latest/meta-data/ram/security-credentials/" + environment("ROLE_NAME");
    JSONObject document = new JSONObject(fetch(URI.create(url).toURL()));
    OSS oss =
        client(
            new DefaultCredentialProvider(
                document.getString("AccessKeyId"), document.getString("AccessKeySecret"), document.getString("SecurityToken")),
            SignVersion.V4);
    String bucket = environment("BUCKET");
    List<String> names = new ArrayList<>();
    for (OSSObjectSummary summary : oss.listObjectsV2(new ListObjectsV2Request(bucket).withMaxKeys(10)).getObjectSummaries()) {
      names.add(summary.getKey());
    }
    return new JSONObject()
        .put("list", new JSONArray(names))
        .put("delete", codeOf(() -> oss.deleteObject(bucket, names.get(0))));
  }

  private static JSONObject operations(SignVersion version) throws Exception {
    String accessKeyId = environment("ADMINISTRATOR_ACCESS_KEY_ID");
    OSS oss =
        client(new DefaultCredentialProvider(accessKeyId, environment("ADMINISTRATOR_ACCESS_KEY_SECRET")), version);
    String bucket = "java-" + version.name().toLowerCase();
    String odd = "odd +%&?#=!'()*~ ü你好/x";
    JSONObject result = new JSONObject();
    oss.createBucket(bucket);

    ObjectMetadata metadata = new ObjectMetadata();
    metadata.addUserMetadata("name", "value");
    oss.putObject(bucket, odd, stream("0123456789".getBytes(StandardCharsets.UTF_8)), metadata);
    result.put("metadata", oss.getObjectMetadata(bucket, odd).getUserMetadata().get("name"));
    GetObjectRequest range = new GetObjectRequest(bucket, odd);
    range.setRange(2, 4);
    try (OSSObject object = oss.getObject(range)) {
      result.put("range", new String(object.getObjectContent().readAllBytes(), StandardCharsets.UTF_8));
    }

    byte[] content = new byte[300_000];
    new Random(1).nextBytes(content);
    String uploadId = oss.initiateMultipartUpload(new InitiateMultipartUploadRequest(bucket, "big")).getUploadId();
    List<PartETag> parts = new ArrayList<>();
    for (int number = 1; number <= 2; number++) {
      byte[] part = Arrays.copyOfRange(content, (number - 1) * 150_000, number * 150_000);
      UploadPartRequest request = new UploadPartRequest(bucket, "big", uploadId, number, stream(part), part.length);
      parts.add(oss.uploadPart(request).getPartETag());
    }
    oss.completeMultipartUpload(new CompleteMultipartUploadRequest(bucket, "big", uploadId, parts));
    try (OSSObject object = oss.getObject(bucket, "big")) {
      result.put("multipart", Arrays.equals(object.getObjectContent().readAllBytes(), content));
    }

    oss.appendObject(new AppendObjectRequest(bucket, "log", stream("one,".getBytes(StandardCharsets.UTF_8))).withPosition(0L));
    result.put(
        "append",
        oss.appendObject(new AppendObjectRequest(bucket, "log", stream("two".getBytes(StandardCharsets.UTF_8))).withPosition(4L))
            .getNextPosition()
            .longValue());
    oss.copyObject(bucket, odd, bucket, "copy");

    List<String> names = new ArrayList<>();
    ListObjectsV2Request listing = new ListObjectsV2Request(bucket).withMaxKeys(2);
    for (ListObjectsV2Result page; ; listing.setContinuationToken(page.getNextContinuationToken())) {
      page = oss.listObjectsV2(listing);
      page.getObjectSummaries().forEach(summary -> names.add(summary.getKey()));
      if (!page.isTruncated()) break;
    }
    result.put("list", new JSONArray(names));
    Date expiration = new Date(System.currentTimeMillis() + 60_000);
    result.put("presigned", fetch(oss.generatePresignedUrl(bucket, odd, expiration, HttpMethod.GET)));
    result.put(
        "deleted", new JSONArray(oss.deleteObjects(new DeleteObjectsRequest(bucket).withKeys(names)).getDeletedObjects()));
    result.put("missing", codeOf(() -> oss.getObject(bucket, odd)));
    result.put("exists", oss.doesObjectExist(bucket, odd));
    oss.deleteBucket(bucket);
    OSS wrong = client(new DefaultCredentialProvider(accessKeyId, "wrong"), version);
    result.put("wrongSecret", codeOf(() -> wrong.getObject(environment("BUCKET"), "x")));
    return result;
  }

  private static InputStream stream(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }

  private static String fetch(URL url) throws IOException {
    try (InputStream body = url.openStream()) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String codeOf(Runnable call) {
    try {
      call.run();
      return "";
    } catch (OSSException error) {
      return error.getErrorCode();
    }
  }
}
