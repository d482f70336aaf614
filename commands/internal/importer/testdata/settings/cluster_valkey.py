# A Valkey Cluster, which django-valkey has a class for.
# flags: --release 0.4.1 --python 3.12
CACHES = {
    "default": {
        "BACKEND": "django_valkey.cluster_cache.cache.ClusterValkeyCache",
        "LOCATION": "valkey://10.0.0.1:7000",
        "OPTIONS": {"CLIENT_CLASS": "django_valkey.cluster_cache.client.DefaultClusterClient"},
    },
}
