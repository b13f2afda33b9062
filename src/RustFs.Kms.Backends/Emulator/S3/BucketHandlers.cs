using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Buckets and their default encryption.</summary>
internal sealed class BucketHandlers(BucketStore buckets)
{
    private static readonly XNamespace s_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

    internal HttpAnswer List() => Xml(new XElement(
        s_namespace + "ListAllMyBucketsResult",
        new XElement(s_namespace + "Owner", new XElement(s_namespace + "ID", "rustfs"), new XElement(s_namespace + "DisplayName", "rustfs")),
        new XElement(
            s_namespace + "Buckets",
            buckets.All.Select(bucket => new XElement(
                s_namespace + "Bucket",
                new XElement(s_namespace + "Name", bucket.Name),
                new XElement(s_namespace + "CreationDate", S3Time.Iso(bucket.CreatedAt)))))));

    internal async Task<HttpAnswer> HandleAsync(Exchange exchange, string bucket)
    {
        string subresource = string.Join('&', exchange.Query.Pairs.Select(pair => Encoding.UTF8.GetString(pair.Name))
            .Where(name => name is not "x-id" && !name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase)));
        switch (exchange.Call.Method, subresource)
        {
            case ("PUT", ""):
                await buckets.CreateAsync(bucket, exchange.CancellationToken).ConfigureAwait(false);
                return new HttpAnswer(200) { Headers = [("location", $"/{bucket}")] };
            case ("DELETE", ""):
                await buckets.DeleteAsync(bucket, exchange.CancellationToken).ConfigureAwait(false);
                return new HttpAnswer(204);
            case ("HEAD", ""):
                _ = buckets.Require(bucket);
                return new HttpAnswer(200);
            case ("GET", "location"):
                _ = buckets.Require(bucket);
                return Xml(new XElement(s_namespace + "LocationConstraint"));
            case ("GET", "encryption"):
                return GetEncryption(buckets.Require(bucket));
            case ("PUT", "encryption"):
                return await PutEncryptionAsync(exchange, buckets.Require(bucket)).ConfigureAwait(false);
            case ("DELETE", "encryption"):
                await buckets.SetEncryptionAsync(buckets.Require(bucket).Name, null, null, exchange.CancellationToken).ConfigureAwait(false);
                return new HttpAnswer(204);
            default:
                throw WireFault.NoSuchRoute();
        }
    }

    private static HttpAnswer GetEncryption(BucketRecord bucket)
    {
        if (bucket.Algorithm is null)
        {
            throw new WireFault(
                404, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found");
        }

        return Xml(new XElement(
            s_namespace + "ServerSideEncryptionConfiguration",
            new XElement(
                s_namespace + "Rule",
                new XElement(
                    s_namespace + "ApplyServerSideEncryptionByDefault",
                    new XElement(s_namespace + "SSEAlgorithm", bucket.Algorithm),
                    bucket.KeyId is null ? null : new XElement(s_namespace + "KMSMasterKeyID", bucket.KeyId)))));
    }

    private static HttpAnswer Xml(XElement root) => new(200)
    {
        ContentType = Answers.XmlType,
        Body = Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + root.ToString(SaveOptions.DisableFormatting)),
    };

    private static XElement Parse(byte[] body)
    {
        try
        {
            using var reader = XmlReader.Create(
                new MemoryStream(body), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            throw Malformed();
        }
    }

    private static WireFault Malformed() => new(
        400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");

    private async Task<HttpAnswer> PutEncryptionAsync(Exchange exchange, BucketRecord bucket)
    {
        XElement root = Parse(await exchange.ReadAsync().ConfigureAwait(false));
        XElement[] defaults = [.. root.Descendants().Where(element => element.Name.LocalName == "ApplyServerSideEncryptionByDefault")];
        string? Value(string name) => defaults[0].Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
        if (root.Name.LocalName != "ServerSideEncryptionConfiguration" || defaults.Length != 1 || Value("SSEAlgorithm") is not { } algorithm)
        {
            throw Malformed();
        }

        string? keyId = Value("KMSMasterKeyID") is { Length: > 0 } key ? key : null;
        if (algorithm is not ("AES256" or "aws:kms"))
        {
            throw Malformed();
        }

        if (algorithm == "AES256" && keyId is not null)
        {
            throw new WireFault(400, "InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms");
        }

        await buckets.SetEncryptionAsync(bucket.Name, algorithm, keyId, exchange.CancellationToken).ConfigureAwait(false);
        return new HttpAnswer(200);
    }
}
