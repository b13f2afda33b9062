using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RustFs.Kms.Bench;

/// <summary>
/// A server that costs next to nothing: it looks at no header but the length of a request, and has its two answers ready. What is
/// measured against it is the client.
/// </summary>
internal static class BenchServer
{
    private static readonly byte[] s_key = Answer("application/json", """
        {"success":true,"message":"ok","key_metadata":{"key_id":"bench","key_state":"Enabled","key_usage":"EncryptDecrypt","description":"a key","creation_date":"2026-01-01T00:00:00+00:00[UTC]","deletion_date":null,"key_manager":"RUSTFS","origin":"RUSTFS_KMS","tags":{"name":"bench"}}}
        """);

    // What S3 answers to GetBucketLocation, which is about as long.
    private static readonly byte[] s_location = Answer("application/xml", """
        <?xml version="1.0" encoding="UTF-8"?><LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">us-east-1</LocationConstraint>
        """);

    /// <summary>Serves until its standard input ends. Its first line of output names the ports.</summary>
    /// <param name="count">How many servers.</param>
    /// <param name="delay">How long each takes for an answer.</param>
    internal static async Task<int> RunAsync(int count, TimeSpan delay)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
            _ = AcceptAsync(listener, delay);
        }

        Console.WriteLine(string.Join(' ', listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture))));
        _ = await Console.In.ReadToEndAsync();
        return 0;
    }

    private static async Task AcceptAsync(TcpListener listener, TimeSpan delay)
    {
        while (true)
        {
            _ = ServeAsync(await listener.AcceptTcpClientAsync(), delay);
        }
    }

    // No contestant sends a body.
    private static async Task ServeAsync(TcpClient client, TimeSpan delay)
    {
        using (client)
        {
            client.NoDelay = true;
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[16 * 1024];
            int length = 0;
            try
            {
                while (await stream.ReadAsync(buffer.AsMemory(length)) is int read and > 0)
                {
                    length += read;
                    if (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
                    {
                        continue;
                    }

                    if (delay > TimeSpan.Zero)
                    {
                        await Task.Delay(delay);
                    }

                    await stream.WriteAsync(buffer.AsSpan(0, length).StartsWith("GET /rustfs/"u8) ? s_key : s_location);
                    length = 0;
                }
            }
            catch (IOException)
            {
                // The client went away, as clients do at the end of a measurement.
            }
        }
    }

    private static byte[] Answer(string type, string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body.Trim());
        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length}\r\n\r\n"), .. bytes];
    }
}

/// <summary>The server in a process of its own, so that it shares no collector and no thread pool with what is measured.</summary>
internal sealed class BenchServerProcess : IDisposable
{
    private readonly System.Diagnostics.Process _process;

    private BenchServerProcess(System.Diagnostics.Process process, IReadOnlyList<Uri> endpoints)
    {
        _process = process;
        Endpoints = endpoints;
    }

    internal IReadOnlyList<Uri> Endpoints { get; }

    internal static BenchServerProcess Start(int count, int milliseconds)
    {
        System.Diagnostics.Process process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "serve", count.ToString(CultureInfo.InvariantCulture), milliseconds.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string ports = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server did not start.");
        return new BenchServerProcess(process, [.. ports.Split(' ').Select(port => new Uri($"http://127.0.0.1:{port}/"))]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
