package main

import (
	"encoding/base64"
	"encoding/json"
	"os"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// kmsCipher is the KMS master key that the SDK leaves to its users: Base64 text goes to KMS, and of the ciphertext blob
// the raw bytes come back.
type kmsCipher struct {
	client      *kms.Client
	description string
}

func newKmsCipher(description map[string]string) kmsCipher {
	client := must(kms.NewClient(&openapi.Config{
		AccessKeyId:     oss.Ptr(os.Getenv("ACCESS_KEY_ID")),
		AccessKeySecret: oss.Ptr(os.Getenv("ACCESS_KEY_SECRET")),
		Endpoint:        oss.Ptr(os.Getenv("KMS_ENDPOINT")),
		RegionId:        oss.Ptr("cn-hangzhou"),
	}))
	return kmsCipher{client, string(must(json.Marshal(description)))}
}

func (c kmsCipher) Encrypt(plain []byte) ([]byte, error) {
	response, err := c.client.Encrypt(&kms.EncryptRequest{
		KeyId:     oss.Ptr(os.Getenv("KMS_KEY_ID")),
		Plaintext: oss.Ptr(base64.StdEncoding.EncodeToString(plain)),
	})
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(*response.Body.CiphertextBlob)
}

func (c kmsCipher) Decrypt(wrapped []byte) ([]byte, error) {
	response, err := c.client.Decrypt(&kms.DecryptRequest{
		CiphertextBlob: oss.Ptr(base64.StdEncoding.EncodeToString(wrapped)),
	})
	if err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(*response.Body.Plaintext)
}

func (c kmsCipher) GetWrapAlgorithm() string { return "KMS/ALICLOUD" }

func (c kmsCipher) GetMatDesc() string { return c.description }
