namespace RustFs.Kms.Backends.Emulator;

/// <summary>What handles a request of a route.</summary>
internal delegate Task<HttpAnswer> RouteHandler(Exchange exchange);

/// <summary>A route: the exact pair of method and path. A path that ends in <c>{}</c> takes one raw segment there.</summary>
internal sealed record AdminRoute(string Method, string Path, RouteHandler Handler);

/// <summary>The routes of one generation, as data. Rules: http-api.md 2.2 and 3.3.</summary>
internal sealed class AdminRoutes
{
    private readonly Dictionary<(string Method, string Path), RouteHandler> _exact = [];
    private readonly List<(string Method, string Prefix, RouteHandler Handler)> _parameterized = [];

    private AdminRoutes(IEnumerable<AdminRoute> routes)
    {
        foreach (AdminRoute route in routes)
        {
            if (route.Path.EndsWith("{}", StringComparison.Ordinal))
            {
                _parameterized.Add((route.Method, route.Path[..^2], route.Handler));
            }
            else
            {
                _exact.Add((route.Method, route.Path), route.Handler);
            }
        }
    }

    internal static AdminRoutes Of(KmsApiGeneration generation, AdminContext context) => generation switch
    {
        KmsApiGeneration.Early => new AdminRoutes(EarlyRoutes(new EarlyHandlers(context))),
        KmsApiGeneration.Guide => new AdminRoutes(SharedRoutes(context)),
        _ => new AdminRoutes([.. SharedRoutes(context), .. CurrentRoutes(context)]),
    };

    /// <summary>The handler of a request, and what stands in the place of the path's parameter; static routes win.</summary>
    internal (RouteHandler Handler, string Parameter)? Find(string method, string path)
    {
        if (_exact.TryGetValue((method, path), out RouteHandler? handler))
        {
            return (handler, string.Empty);
        }

        foreach ((string routeMethod, string prefix, RouteHandler parameterized) in _parameterized)
        {
            if (method == routeMethod && path.StartsWith(prefix, StringComparison.Ordinal) && path.Length > prefix.Length
                && path.IndexOf('/', prefix.Length) < 0)
            {
                return (parameterized, HttpCall.Utf8(path[prefix.Length..]));
            }
        }

        return null;
    }

    private static AdminRoute[] SharedRoutes(AdminContext context)
    {
        var management = new ManagementHandlers(context);
        var service = new ServiceHandlers(context);
        var keys = new KeyHandlers(context);
        var lists = new KeyListHandlers(context);
        var deletion = new KeyDeletionHandlers(context);
        var dataKeys = new DataKeyHandlers(context);
        return
        [
            new("GET", "/kms/status", management.StatusAsync),
            new("GET", "/kms/service-status", service.StatusAsync),
            new("GET", "/kms/config", management.ConfigurationAsync),
            new("POST", "/kms/clear-cache", management.ClearCacheAsync),
            new("POST", "/kms/configure", service.ConfigureAsync),
            new("POST", "/kms/reconfigure", service.ReconfigureAsync),
            new("POST", "/kms/start", service.StartAsync),
            new("POST", "/kms/stop", service.StopAsync),
            new("POST", "/kms/keys", keys.CreateAsync),
            new("POST", "/kms/create-key", keys.CreateLegacyAsync),
            new("GET", "/kms/keys", lists.ListAsync),
            new("GET", "/kms/list-keys", lists.ListLegacyAsync),
            new("GET", "/kms/keys/{}", keys.DescribeAsync),
            new("GET", "/kms/describe-key", keys.DescribeLegacyAsync),
            new("DELETE", "/kms/keys/delete", deletion.DeleteAsync),
            new("POST", "/kms/keys/cancel-deletion", deletion.CancelAsync),
            new("POST", "/kms/generate-data-key", dataKeys.GenerateAsync),
        ];
    }

    private static AdminRoute[] CurrentRoutes(AdminContext context)
    {
        var management = new ManagementHandlers(context);
        var keys = new KeyHandlers(context);
        var changes = new KeyChangeHandlers(context);
        var backups = new BackupHandlers(context);
        return
        [
            new("POST", "/kms/status", management.StatusAsync),
            new("POST", "/kms/key/create", keys.CreateLegacyAsync),
            new("GET", "/kms/key/status", keys.DescribeLegacyAsync),
            new("POST", "/kms/keys/enable", changes.EnableAsync),
            new("POST", "/kms/keys/disable", changes.DisableAsync),
            new("POST", "/kms/keys/rotate", changes.RotateAsync),
            new("POST", "/kms/keys/update-description", changes.DescribeAsync),
            new("POST", "/kms/keys/tag", changes.TagAsync),
            new("POST", "/kms/keys/untag", changes.UntagAsync),
            new("GET", "/kms/backup", backups.StatusAsync),
            new("POST", "/kms/backup", backups.BackupAsync),
            new("POST", "/kms/restore/dry-run", backups.PlanAsync),
            new("POST", "/kms/restore", backups.RestoreAsync),
            new("POST", "/kms/restore/abort", backups.AbortAsync),
        ];
    }

    private static AdminRoute[] EarlyRoutes(EarlyHandlers early) =>
    [
        new("POST", "/kms/configure", early.ConfigureAsync),
        new("POST", "/kms/key/create", early.CreateAsync),
        new("GET", "/kms/key/status", early.DescribeAsync),
        new("GET", "/kms/key/list", early.ListAsync),
        new("PUT", "/kms/key/enable", early.EnableAsync),
        new("PUT", "/kms/key/disable", early.DisableAsync),
        new("GET", "/kms/status", early.StatusAsync),
    ];
}
