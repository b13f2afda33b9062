# A configuration as it is kept in a repository: everything but the secrets. The token comes from the pipeline's own store, with -Token.
@{
    backend_type    = 'VaultTransit'
    address         = 'https://vault.example.com:8200'
    mount_path      = 'transit'
    auth_method     = @{ Kubernetes = @{ role = 'rustfs' } }
    default_key_id  = 'app'
    timeout_seconds = 30
    retry_attempts  = 3
}
