"""The Django settings under which the demo's entries are written and read back."""

SETTINGS = {
    "SECRET_KEY": "only for the demo",
    "ALLOWED_HOSTS": ["shop.example.com"],
    "INSTALLED_APPS": ["django.contrib.contenttypes", "django.contrib.auth"],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
    "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    "USE_TZ": True,
}
