package yunseal.interop;

import com.aliyun.encryptionsdk.AliyunConfig;
import com.aliyun.encryptionsdk.AliyunCrypto;
import com.aliyun.encryptionsdk.model.CryptoAlgorithm;
import com.aliyun.encryptionsdk.provider.BaseDataKeyProvider;
import com.aliyun.encryptionsdk.provider.dataKey.DefaultDataKeyProvider;
import com.google.gson.Gson;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Writes and reads messages with the official client: a JSON array of jobs on standard input, the array of their
 * results on standard output. KMS is a stand-in that wraps every data key as itself, under its key id.
 */
public final class Messages {
    static final class Job {
        /** "write" or "read". */
        String operation;
        /** "message" for byte arrays, "stream" for streams. */
        String encoding;
        int algorithm;
        /** The first one generates the data key. */
        String[] keyArns;
        Map<String, String> context;
        /** Plaintext to write, or message to read, in Base64. */
        String bytes;
    }

    static final class Result {
        /** What was written or read, in Base64. */
        String bytes;
        Map<String, String> context;
        /** Why there is nothing. */
        String error;
    }

    public static void main(String[] arguments) {
        Gson gson = new Gson();
        Job[] jobs = gson.fromJson(new InputStreamReader(System.in, StandardCharsets.UTF_8), Job[].class);
        List<Result> results = new ArrayList<>();
        for (Job job : jobs) {
            results.add(run(job));
        }
        byte[] output = gson.toJson(results).getBytes(StandardCharsets.UTF_8);
        System.out.write(output, 0, output.length);
        System.out.flush();
    }

    private static Result run(Job job) {
        Result result = new Result();
        try {
            AliyunCrypto client = new AliyunCrypto(new AliyunConfig());
            BaseDataKeyProvider provider = providerFor(job);
            byte[] input = Base64.getDecoder().decode(job.bytes);
            byte[] output = job.encoding.equals("stream")
                    ? stream(client, provider, job, input)
                    : wholeMessage(client, provider, job, input);
            result.bytes = Base64.getEncoder().encodeToString(output);
            result.context = job.context;
        } catch (Exception e) {
            result.error = e.toString();
        }
        return result;
    }

    private static BaseDataKeyProvider providerFor(Job job) {
        CryptoAlgorithm algorithm = CryptoAlgorithm.getAlgorithm(job.algorithm);
        BaseDataKeyProvider provider = new DefaultDataKeyProvider(job.keyArns[0], algorithm);
        provider.setMultiCmkId(new ArrayList<>(Arrays.asList(job.keyArns).subList(1, job.keyArns.length)));
        // The client sets the KMS of its own only where there is none.
        provider.setAliyunKms(KmsStandIn.create());
        return provider;
    }

    private static byte[] wholeMessage(AliyunCrypto client, BaseDataKeyProvider provider, Job job, byte[] input) {
        if (job.operation.equals("write")) {
            return client.encrypt(provider, input, job.context).getResult();
        }
        var read = client.decrypt(provider, input);
        job.context = read.getCipherMaterial().getCipherHeader().getEncryptionContext();
        return read.getResult();
    }

    private static byte[] stream(AliyunCrypto client, BaseDataKeyProvider provider, Job job, byte[] input) {
        ByteArrayInputStream source = new ByteArrayInputStream(input);
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        if (job.operation.equals("write")) {
            client.encrypt(provider, source, target, job.context);
        } else {
            job.context = client.decrypt(provider, source, target)
                    .getCipherMaterial().getCipherHeader().getEncryptionContext();
        }
        return target.toByteArray();
    }
}
