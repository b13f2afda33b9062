Use-KeyDirectory
