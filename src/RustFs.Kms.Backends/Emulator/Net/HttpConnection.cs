using System.Net.Sockets;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>One connection: requests one after the other, until one of the two sides closes it.</summary>
internal sealed class HttpConnection(
    Socket socket, Func<HttpCall, CancellationToken, Task<HttpAnswer>> handler, HttpLimits limits, TimeProvider clock) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    /// <summary>Serves the connection.</summary>
    /// <param name="stopping">Ends it between two requests, and while a head is read.</param>
    /// <param name="aborting">Ends it at once.</param>
    internal async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        using var source = new ByteSource(_stream);
        try
        {
            bool goesOn = true;
            while (goesOn)
            {
                goesOn = !stopping.IsCancellationRequested
                    && await WithinAsync(limits.Idle, source.WaitAsync, stopping).ConfigureAwait(false)
                    && await ServeAsync(source, stopping, aborting).ConfigureAwait(false);
            }

            await LingerAsync(aborting).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsOfClient(exception))
        {
            // The client went away or idles, or the emulator stops: there is nobody left to tell.
        }
    }

    public void Dispose() => _stream.Dispose();

    private static bool IsOfClient(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException;

    private static async ValueTask<T> WithinAsync<T>(
        TimeSpan patience, Func<CancellationToken, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(patience);
        return await work(limited.Token).ConfigureAwait(false);
    }

    private async Task<bool> ServeAsync(ByteSource source, CancellationToken stopping, CancellationToken aborting)
    {
        HttpCall call;
        HttpAnswer answer;
        bool keepsAlive;
        try
        {
            HttpHead? head = await ReadHeadAsync(source, stopping).ConfigureAwait(false);
            if (head is null)
            {
                return false;
            }

            call = new HttpCall(head, new HttpBody(source, head, limits.Body, InviteAsync));
            answer = await handler(call, aborting).ConfigureAwait(false);
            keepsAlive = head.KeepsAlive && !call.Body.IsUninvited && answer.Fate == AnswerFate.Sent && !stopping.IsCancellationRequested;
        }
        catch (HttpRefusal refusal)
        {
            await SendAsync(new HttpAnswer(refusal.Status), isHead: false, keepsAlive: false, aborting).ConfigureAwait(false);
            return false;
        }

        if (answer.Fate == AnswerFate.Reset)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Close();
            return false;
        }

        await SendAsync(answer, call.Method == "HEAD", keepsAlive, aborting).ConfigureAwait(false);
        return keepsAlive && await TryDrainAsync(call.Body, aborting).ConfigureAwait(false);
    }

    // Closing a connection with something unread in it resets it, and the client may lose the answer that it did not read yet.
    private async Task LingerAsync(CancellationToken aborting)
    {
        socket.Shutdown(SocketShutdown.Send);
        byte[] scratch = new byte[16 * 1024];
        while (await WithinAsync(limits.Linger, token => _stream.ReadAsync(scratch, token), aborting).ConfigureAwait(false) > 0)
        {
            // of no more interest
        }
    }

    private async Task<HttpHead?> ReadHeadAsync(ByteSource source, CancellationToken stopping)
    {
        try
        {
            return await WithinAsync(
                limits.Head, async token => await HttpHead.ReadAsync(source, token).ConfigureAwait(false), stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw HttpRefusal.TooSlow("The head of the request took too long.");
        }
    }

    private Task InviteAsync(CancellationToken cancellationToken) =>
        _stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken).AsTask();

    private ValueTask<bool> SendAsync(HttpAnswer answer, bool isHead, bool keepsAlive, CancellationToken cancellationToken) =>
        WithinAsync(
            limits.Answer,
            async token =>
            {
                await answer.WriteAsync(_stream, isHead, keepsAlive, clock, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    // The answer is sent. What is wrong with the rest of the body now ends the connection, and cannot be told any more.
    private static async Task<bool> TryDrainAsync(HttpBody body, CancellationToken cancellationToken)
    {
        try
        {
            return await body.DrainAsync(HttpLimits.DrainLength, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRefusal)
        {
            return false;
        }
    }
}
