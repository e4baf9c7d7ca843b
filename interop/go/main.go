// Program interop tells the documents' story with the official Go clients: credentials of the instance's role by
// credentials-go, objects by alibabacloud-oss-go-sdk-v2. It prints what it saw as JSON.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	osscredentials "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/credentials-go/credentials"
)

func main() {
	var result map[string]any
	var err error
	switch os.Args[1] {
	case "role":
		// The metadata service at another address than the one that clients have built in: by its URL.
		result, err = underRole(new(credentials.Config).
			SetType("credentials_uri").
			SetURLCredential(os.Getenv("IMDS_ENDPOINT") + "/latest/meta-data/ram/security-credentials/" + os.Getenv("ROLE_NAME")))
	case "instance":
		// On an instance: the metadata service is at its own address, and in hardened mode alone.
		result, err = underRole(new(credentials.Config).
			SetType("ecs_ram_role").
			SetRoleName(os.Getenv("ROLE_NAME")).
			SetDisableIMDSv1(true))
	case "operations":
		result, err = operations(os.Args[2])
	default:
		err = fmt.Errorf("unknown program %q", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(1)
	}
}

func clientWith(provider osscredentials.CredentialsProvider) *oss.Client {
	return oss.NewClient(oss.LoadDefaultConfig().
		WithCredentialsProvider(provider).
		WithRegion(os.Getenv("REGION")).
		WithEndpoint(os.Getenv("OSS_ENDPOINT")))
}

// underRole lists ten files with the credentials of the instance's role, and tries what the role was not granted.
func underRole(config *credentials.Config) (map[string]any, error) {
	ctx := context.Background()
	role, err := credentials.NewCredential(config)
	if err != nil {
		return nil, err
	}
	client := clientWith(osscredentials.CredentialsProviderFunc(func(context.Context) (osscredentials.Credentials, error) {
		current, err := role.GetCredential()
		if err != nil {
			return osscredentials.Credentials{}, err
		}
		return osscredentials.Credentials{
			AccessKeyID:     *current.AccessKeyId,
			AccessKeySecret: *current.AccessKeySecret,
			SecurityToken:   *current.SecurityToken,
		}, nil
	}))
	bucket := os.Getenv("BUCKET")
	page, err := client.ListObjectsV2(ctx, &oss.ListObjectsV2Request{Bucket: oss.Ptr(bucket), MaxKeys: 10})
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, object := range page.Contents {
		names = append(names, *object.Key)
	}
	_, err = client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(names[0])})
	return map[string]any{"list": names, "delete": codeOf(err)}, nil
}

// operations does the main operations of OSS as the administrator, with the signature version that is named.
func operations(version string) (map[string]any, error) {
	ctx := context.Background()
	provider := osscredentials.NewStaticCredentialsProvider(
		os.Getenv("ADMINISTRATOR_ACCESS_KEY_ID"), os.Getenv("ADMINISTRATOR_ACCESS_KEY_SECRET"))
	config := oss.LoadDefaultConfig().
		WithCredentialsProvider(provider).
		WithRegion(os.Getenv("REGION")).
		WithEndpoint(os.Getenv("OSS_ENDPOINT"))
	if version == "v1" {
		config.WithSignatureVersion(oss.SignatureVersionV1)
	}
	client := oss.NewClient(config)
	bucket := "go-" + version
	odd := "odd +%&?#=!'()*~ ü你好\u0001/x"
	result := map[string]any{}

	if _, err := client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: oss.Ptr(bucket)}); err != nil {
		return nil, err
	}
	put := &oss.PutObjectRequest{
		Bucket:   oss.Ptr(bucket),
		Key:      oss.Ptr(odd),
		Body:     bytes.NewReader([]byte("0123456789")),
		Metadata: map[string]string{"name": "value"},
	}
	if _, err := client.PutObject(ctx, put); err != nil {
		return nil, err
	}
	ranged, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(odd), Range: oss.Ptr("bytes=2-4")})
	if err != nil {
		return nil, err
	}
	part, err := io.ReadAll(ranged.Body)
	if err != nil {
		return nil, err
	}
	result["range"] = string(part)
	result["metadata"] = ranged.Metadata

	if result["transfer"], err = transfer(ctx, client, bucket); err != nil {
		return nil, err
	}
	appended, err := client.AppendFile(ctx, bucket, "log")
	if err != nil {
		return nil, err
	}
	for _, text := range []string{"one,", "two"} {
		if _, err := appended.Write([]byte(text)); err != nil {
			return nil, err
		}
	}
	if err := appended.Close(); err != nil {
		return nil, err
	}
	if _, err := client.CopyObject(ctx, &oss.CopyObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("copy"), SourceKey: oss.Ptr(odd)}); err != nil {
		return nil, err
	}

	names := []string{}
	for pages := client.NewListObjectsV2Paginator(&oss.ListObjectsV2Request{Bucket: oss.Ptr(bucket), MaxKeys: 2}); pages.HasNext(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			names = append(names, *object.Key)
		}
	}
	result["list"] = names

	presigned, err := client.Presign(ctx, &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(odd)})
	if err != nil {
		return nil, err
	}
	if result["presigned"], err = fetch(presigned.URL); err != nil {
		return nil, err
	}

	deletions := []oss.DeleteObject{}
	for _, name := range names {
		deletions = append(deletions, oss.DeleteObject{Key: oss.Ptr(name)})
	}
	deleted, err := client.DeleteMultipleObjects(ctx, &oss.DeleteMultipleObjectsRequest{Bucket: oss.Ptr(bucket), Objects: deletions})
	if err != nil {
		return nil, err
	}
	result["deleted"] = len(deleted.DeletedObjects)
	_, err = client.GetObject(ctx, &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(odd)})
	result["missing"] = codeOf(err)
	_, err = client.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(odd)})
	result["missingHead"] = codeOf(err)
	if _, err := client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: oss.Ptr(bucket)}); err != nil {
		return nil, err
	}
	wrong := clientWith(osscredentials.NewStaticCredentialsProvider(os.Getenv("ADMINISTRATOR_ACCESS_KEY_ID"), "wrong"))
	_, err = wrong.GetObject(ctx, &oss.GetObjectRequest{Bucket: oss.Ptr(os.Getenv("BUCKET")), Key: oss.Ptr("x")})
	result["wrongSecret"] = codeOf(err)
	return result, nil
}

// transfer sends a file in parts and gets it back in parts, checksums compared by the client on the way.
func transfer(ctx context.Context, client *oss.Client, bucket string) (bool, error) {
	folder, err := os.MkdirTemp("", "interop-go-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(folder)
	content := make([]byte, 3*1024*1024+17)
	if _, err := rand.Read(content); err != nil {
		return false, err
	}
	source, target := filepath.Join(folder, "source"), filepath.Join(folder, "target")
	if err := os.WriteFile(source, content, 0o600); err != nil {
		return false, err
	}
	small := int64(1024 * 1024)
	uploader := oss.NewUploader(client, func(options *oss.UploaderOptions) { options.PartSize = small })
	if _, err := uploader.UploadFile(ctx, &oss.PutObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("big")}, source); err != nil {
		return false, err
	}
	downloader := oss.NewDownloader(client, func(options *oss.DownloaderOptions) { options.PartSize = small })
	if _, err := downloader.DownloadFile(ctx, &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr("big")}, target); err != nil {
		return false, err
	}
	received, err := os.ReadFile(target)
	return bytes.Equal(received, content), err
}

func fetch(url string) (string, error) {
	response, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func codeOf(err error) string {
	var service *oss.ServiceError
	if errors.As(err, &service) {
		return service.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
