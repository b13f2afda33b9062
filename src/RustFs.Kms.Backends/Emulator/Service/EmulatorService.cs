namespace RustFs.Kms.Backends.Emulator;

/// <summary>What a change of the service ended in.</summary>
internal sealed record ServiceOutcome(bool Success, string Message, ServiceState State);

/// <summary>
/// The state machine of the service: configured, started, stopped, reconfigured, in the server's words.
/// Rules: http-api.md 2.6 and 2.9 to 2.12.
/// </summary>
internal sealed class EmulatorService(
    BackendOpener opener,
    EmulatorStorage storage,
    Func<EmulatorConfiguration> own,
    Func<EmulatorConfiguration, string, bool> isReferenced,
    TimeProvider clock,
    bool isGuide) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<KmsSecret> _secrets = [];

    internal CacheCounters Counters { get; } = new();

    internal ServiceState State { get; private set; } = ServiceState.NotConfigured;

    internal EmulatorConfiguration? Configuration { get; private set; }

    private RunningKms? Running { get; set; }

    /// <summary>The running service for one request; null when it does not run.</summary>
    internal RunningKms.Loan? TryBorrow()
    {
        // Refused by one that another has taken the place of meanwhile: then that one is asked.
        for (RunningKms? running = Running; running is not null; running = Running == running ? null : Running)
        {
            if (running.TryBorrow() is { } loan)
            {
                return loan;
            }
        }

        return null;
    }

    /// <summary>Takes up a configuration that was kept, or that the emulator's caller asked for, without the rules for requests.</summary>
    internal void Adopt(EmulatorConfiguration configuration)
    {
        Publish(configuration);
        storage.Keep(configuration);
        State = ServiceState.Configured;
    }

    /// <summary>Configures the emulator's own key directory, where nothing is configured yet, and starts it.</summary>
    /// <param name="kmsType">The first generation's word for it; null leaves the one that there is.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    internal async Task<ServiceOutcome> InstallAsync(string? kmsType, CancellationToken cancellationToken)
    {
        await ExclusivelyAsync(
            () =>
            {
                bool isNew = Configuration is null;
                EmulatorConfiguration configuration = Configuration ?? own();
                configuration = configuration with { KmsType = kmsType ?? configuration.KmsType };
                storage.Keep(configuration);
                Publish(configuration);
                State = isNew ? ServiceState.Configured : State;
                return Task.FromResult(true);
            },
            cancellationToken).ConfigureAwait(false);
        ServiceOutcome outcome = await StartAsync(force: false, cancellationToken).ConfigureAwait(false);
        return outcome with { Success = State == ServiceState.Running };
    }

    /// <exception cref="ConfigurationRefusal">The request asks for what cannot be.</exception>
    internal Task<ServiceOutcome> ConfigureAsync(EmulatorConfiguration request, CancellationToken cancellationToken) =>
        ExclusivelyAsync(async () =>
        {
            EmulatorConfiguration configuration = Admit(request);
            string? problem = isGuide ? ConfigurationRules.ProblemOfGuide(configuration) : ConfigurationRules.Problem(configuration);
            if (problem is null && Running is not null && !isGuide)
            {
                problem = "Cannot configure KMS while it is running; use reconfigure instead";
            }

            if (problem is not null)
            {
                return Refused($"Failed to configure KMS: Configuration error: {problem}");
            }

            try
            {
                storage.Keep(configuration);
            }
            catch (KmsException exception)
            {
                return Refused($"Failed to configure KMS: Backend error: {exception.Message}");
            }

            Publish(configuration);
            State = ServiceState.Configured;
            return new ServiceOutcome(true, "KMS configured successfully", State);
        }, cancellationToken);

    /// <exception cref="ConfigurationRefusal">The request asks for what cannot be.</exception>
    internal Task<ServiceOutcome> ReconfigureAsync(EmulatorConfiguration request, CancellationToken cancellationToken) =>
        ExclusivelyAsync(async () =>
        {
            EmulatorConfiguration configuration = Admit(request);
            if ((isGuide ? ConfigurationRules.ProblemOfGuide(configuration) : ConfigurationRules.Problem(configuration)) is { } problem)
            {
                return Refused($"Failed to reconfigure KMS: Configuration error: {problem}");
            }

            // The earlier server stopped first, and was down when the rest failed.
            if (isGuide)
            {
                await RetireAsync().ConfigureAwait(false);
                Publish(configuration);
                State = ServiceState.Configured;
            }

            try
            {
                RunningKms started = await OpenAsync(configuration, cancellationToken).ConfigureAwait(false);
                try
                {
                    storage.Keep(configuration);
                }
                catch (KmsException)
                {
                    await started.RetireAsync().ConfigureAwait(false);
                    throw;
                }

                Publish(configuration);
                await SwitchAsync(started).ConfigureAwait(false);
                return new ServiceOutcome(true, "KMS reconfigured and restarted successfully", State);
            }
            catch (KmsException exception)
            {
                if (isGuide)
                {
                    State = ServiceState.Failed(exception.Message);
                }

                return Refused($"Failed to reconfigure KMS: Backend error: Failed to reconfigure KMS: {exception.Message}");
            }
        }, cancellationToken);

    internal Task<ServiceOutcome> StartAsync(bool force, CancellationToken cancellationToken) => ExclusivelyAsync(async () =>
    {
        bool wasRunning = Running is not null;
        if (wasRunning && !force)
        {
            return Refused("KMS service is already running. Use force=true to restart.");
        }

        string prefix = !isGuide ? "Failed to start or restart KMS service: "
            : wasRunning ? "Failed to restart KMS service: "
            : "Failed to start KMS service: ";
        if (Configuration is not { } configuration)
        {
            const string Nothing = "Cannot start KMS: no configuration provided";
            State = ServiceState.Failed(Nothing);
            return Refused($"{prefix}Configuration error: {Nothing}");
        }

        try
        {
            await SwitchAsync(await OpenAsync(configuration, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            return new ServiceOutcome(true, wasRunning ? "KMS service restarted successfully" : "KMS service started successfully", State);
        }
        catch (KmsException exception)
        {
            string problem = $"Failed to create KMS backend: {exception.Message}";
            if (Running is null)
            {
                State = ServiceState.Failed(problem);
            }

            return Refused($"{prefix}Backend error: {problem}");
        }
    }, cancellationToken);

    internal Task<ServiceOutcome> StopAsync(CancellationToken cancellationToken) => ExclusivelyAsync(async () =>
    {
        await RetireAsync().ConfigureAwait(false);
        State = Configuration is null ? ServiceState.NotConfigured : ServiceState.Configured;
        return new ServiceOutcome(true, "KMS service stopped successfully", State);
    }, cancellationToken);

    /// <summary>
    /// The state before the health check, and what the check says. A check that fails turns the state into an error, which
    /// the next answer shows.
    /// </summary>
    internal async Task<(ServiceState State, bool? Healthy)> CheckAsync(CancellationToken cancellationToken)
    {
        ServiceState before = State;
        if (before != ServiceState.Running)
        {
            return (before, null);
        }

        using RunningKms.Loan? kms = TryBorrow();
        if (kms is null)
        {
            return (before, null);
        }

        KmsStatus status = await kms.Backend.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.Healthy == false && State == ServiceState.Running)
        {
            State = ServiceState.Failed($"Health check failed: Backend error: {status.Problem}");
        }

        return (before, status.Healthy ?? true);
    }

    /// <summary>Runs something while the service can be neither started nor stopped.</summary>
    internal async Task<T> ExclusivelyAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await work().ConfigureAwait(false);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RetireAsync().ConfigureAwait(false);
        _secrets.ForEach(secret => secret.Dispose());
        _gate.Dispose();
    }

    private EmulatorConfiguration Admit(EmulatorConfiguration request)
    {
        // Whatever becomes of the request, its secrets are wiped when the emulator stops.
        _secrets.AddRange(request.Secrets);
        if (isGuide)
        {
            return request;
        }

        EmulatorConfiguration configuration = ConfigurationRules.Normalize(request, Configuration);
        ConfigurationRules.RequirePersistable(configuration);
        return configuration;
    }

    private void Publish(EmulatorConfiguration configuration)
    {
        _secrets.AddRange(configuration.Secrets.Except(_secrets));
        Configuration = configuration;
    }

    private async Task<RunningKms> OpenAsync(EmulatorConfiguration configuration, CancellationToken cancellationToken)
    {
        IKmsBackend backend = await opener.OpenAsync(configuration, cancellationToken).ConfigureAwait(false);
        var cache = new MetadataCache(configuration, Counters, clock);
        DeletionWorker? worker = backend is IKmsKeyStore keys
            ? new DeletionWorker(keys, cache, keyId => isReferenced(configuration, keyId), clock)
            : null;
        return new RunningKms(backend, configuration, cache, worker);
    }

    private async Task SwitchAsync(RunningKms started)
    {
        RunningKms? before = Running;
        Running = started;
        State = ServiceState.Running;
        if (before is not null)
        {
            await before.RetireAsync().ConfigureAwait(false);
        }
    }

    private async Task RetireAsync()
    {
        RunningKms? before = Running;
        Running = null;
        if (before is not null)
        {
            await before.RetireAsync().ConfigureAwait(false);
        }
    }

    private ServiceOutcome Refused(string message) => new(false, message, State);
}
