package yunseal.interop;

import com.aliyun.encryptionsdk.kms.AliyunKms;
import com.aliyun.encryptionsdk.model.CmkId;
import com.aliyun.encryptionsdk.model.CryptoAlgorithm;
import com.aliyun.encryptionsdk.model.EncryptedDataKey;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.util.Base64;

/** The four calls of KMS that messages need. A data key's ciphertext blob is the data key itself. */
final class KmsStandIn {
    private KmsStandIn() {}

    static AliyunKms create() {
        return (AliyunKms) Proxy.newProxyInstance(
                AliyunKms.class.getClassLoader(), new Class<?>[] {AliyunKms.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "generateDataKey":
                            return generate((CmkId) arguments[0], (CryptoAlgorithm) arguments[1]);
                        case "encryptDataKey":
                            return new EncryptedDataKey(((CmkId) arguments[0]).getKeyId(), (String) arguments[1]);
                        case "reEncryptDataKey":
                            return new EncryptedDataKey(
                                    ((CmkId) arguments[0]).getKeyId(),
                                    ((EncryptedDataKey) arguments[1]).getDataKeyString());
                        case "decryptDataKey":
                            EncryptedDataKey key = (EncryptedDataKey) arguments[0];
                            return new AliyunKms.DecryptDataKeyResult(
                                    key.getKeyIdString(), "v1", key.getDataKeyString());
                        default:
                            throw new UnsupportedOperationException(method.getName());
                    }
                });
    }

    private static AliyunKms.GenerateDataKeyResult generate(CmkId keyId, CryptoAlgorithm algorithm) {
        byte[] key = new byte[algorithm.getKeySpec().endsWith("256") ? 32 : 16];
        new SecureRandom().nextBytes(key);
        String text = Base64.getEncoder().encodeToString(key);
        return new AliyunKms.GenerateDataKeyResult(keyId.getKeyId(), "v1", text, text);
    }
}
