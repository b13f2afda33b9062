Use-KeyDirectory
Add-KmsKeyTag app @{ env = 'prod'; team = 'web' }
