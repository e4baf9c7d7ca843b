// Writes and reads encrypted objects with the encryption client of alibabacloud-oss-go-sdk-v2.
//
//	write <prefix> <file>: the file as <prefix>simple and, in parts, as <prefix>parts
//	read <key> <file> <first>-<last>…: the object into the file; ranges of it, in hexadecimal, to stdout
//
// MASTER says what wraps the content keys: rsa or kms.
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/crypto"
)

const partSize = 102_400

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	configuration := oss.LoadDefaultConfig().
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			os.Getenv("ACCESS_KEY_ID"), os.Getenv("ACCESS_KEY_SECRET"))).
		WithRegion("cn-hangzhou").
		WithEndpoint(os.Getenv("OSS_ENDPOINT"))
	client := must(oss.NewEncryptionClient(oss.NewClient(configuration), masterCipher()))
	bucket := oss.Ptr(os.Getenv("BUCKET"))

	if os.Args[1] == "write" {
		content := must(os.ReadFile(os.Args[3]))
		must(client.PutObject(ctx, &oss.PutObjectRequest{
			Bucket: bucket, Key: oss.Ptr(os.Args[2] + "simple"), Body: bytes.NewReader(content)}))
		key := oss.Ptr(os.Args[2] + "parts")
		started := must(client.InitiateMultipartUpload(ctx, &oss.InitiateMultipartUploadRequest{
			Bucket: bucket, Key: key, CSEPartSize: oss.Ptr(int64(partSize)), CSEDataSize: oss.Ptr(int64(len(content)))}))
		var parts []oss.UploadPart
		for start := 0; start < len(content); start += partSize {
			number := int32(start/partSize + 1)
			part := must(client.UploadPart(ctx, &oss.UploadPartRequest{
				Bucket: bucket, Key: key, UploadId: started.UploadId, PartNumber: number,
				CSEMultiPartContext: started.CSEMultiPartContext,
				Body:                bytes.NewReader(content[start:min(start+partSize, len(content))])}))
			parts = append(parts, oss.UploadPart{PartNumber: number, ETag: part.ETag})
		}
		must(client.CompleteMultipartUpload(ctx, &oss.CompleteMultipartUploadRequest{
			Bucket: bucket, Key: key, UploadId: started.UploadId,
			CompleteMultipartUpload: &oss.CompleteMultipartUpload{Parts: parts}}))
		return
	}
	key := oss.Ptr(os.Args[2])
	whole := must(client.GetObject(ctx, &oss.GetObjectRequest{Bucket: bucket, Key: key}))
	if err := os.WriteFile(os.Args[3], must(io.ReadAll(whole.Body)), 0o600); err != nil {
		log.Fatal(err)
	}
	for _, ends := range os.Args[4:] {
		ranged := must(client.GetObject(ctx, &oss.GetObjectRequest{
			Bucket: bucket, Key: key, Range: oss.Ptr("bytes=" + ends), RangeBehavior: oss.Ptr("standard")}))
		fmt.Println(hex.EncodeToString(must(io.ReadAll(ranged.Body))))
	}
}

func masterCipher() crypto.MasterCipher {
	description := map[string]string{"key": "shared"}
	if os.Getenv("MASTER") == "kms" {
		return newKmsCipher(description)
	}
	return must(crypto.CreateMasterRsa(
		description,
		string(must(os.ReadFile(os.Getenv("PUBLIC_KEY")))),
		string(must(os.ReadFile(os.Getenv("PRIVATE_KEY"))))))
}
