package importer

import (
	"strings"
	"testing"

	"cachering/commands/internal/importer/settings"
)

// ordinary is what settings do that leaves CACHES alone.
const ordinary = `sys.path.insert(0, os.path.join(BASE_DIR, "apps"))
load_dotenv()
load_dotenv(os.path.join(BASE_DIR, ".env"))
environ.Env.read_env(BASE_DIR + "/.env")
env = environ.Env(DEBUG=(bool, False)); env.read_env(); DEBUG = env("DEBUG"); KEY = env.str("KEY", default="x")
print("settings", BASE_DIR, CACHES_BEFORE)
logging.config.dictConfig({"version": 1, "handlers": {}})
logging.getLogger(__name__).info("settings")
warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.simplefilter("error")
PATH = Path(__file__).resolve().parent.parent / "static"
SECRET_KEY = get_secret("SECRET_KEY")
SECRET_KEY = os.environ["SECRET_KEY"]
DATABASES = {"default": dj_database_url.config(default="sqlite:///x", conn_max_age=600)}; DATABASES["default"]["ENGINE"] = "x"; DATABASES["default"].update({"A": 1})
DATABASES = {"default": env_database()}
INSTALLED_APPS = ["a"]; INSTALLED_APPS += ["b"]; INSTALLED_APPS.append("c"); MIDDLEWARE = ("x",) + ("y",)
INSTALLED_APPS = tuple(a for a in ["a", "b"] if a != "b")
if "test" in sys.argv: PASSWORD_HASHERS = ["x"]
if sys.version_info >= (3, 8): X = 1
TESTING = len(sys.argv) > 1 and sys.argv[1] == "test"
try: import debug_toolbar; INSTALLED_APPS = ["debug_toolbar"]
except ImportError: pass
import mimetypes; mimetypes.add_type("text/css", ".css", True)
sentry_sdk.init(dsn=os.environ.get("DSN"), integrations=[DjangoIntegration()], traces_sample_rate=1.0)
LANGUAGES = [("en", gettext_lazy("English")), ("de", _("German"))]
LOGIN_URL = reverse_lazy("login")
SIMPLE = {"LIFETIME": timedelta(days=1), "KEY": SECRET}
SCHEDULE = {"x": {"task": "t", "schedule": crontab(minute=0)}}
def show_toolbar(request): return DEBUG and request.user.is_staff
def get_env(name): return os.environ.get(name, "") or raise_it(name)
class DisableMigrations: __contains__ = lambda self, item: True
MIGRATION_MODULES = type("D", (), {})()
gettext = lambda s: s
STATIC = "/static/%s/" % VERSION
HOST = socket.gethostname(); IP = socket.gethostbyname(socket.gethostname())
with open(os.path.join(BASE_DIR, "key.txt")) as f: SECRET_KEY = f.read().strip()
os.makedirs("/tmp/x", exist_ok=True)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "x")
locale.setlocale(locale.LC_ALL, "")
TEMPLATES = [{"DIRS": [os.path.join(BASE_DIR, "t")], "OPTIONS": {"debug": DEBUG}}]; TEMPLATES[0]["OPTIONS"]["loaders"] = []
from .base import INSTALLED_APPS; INSTALLED_APPS.append("x"); INSTALLED_APPS += ["y"]
assert SECRET, "no secret"
if not SECRET: raise ImproperlyConfigured("no secret")
VERSION_INFO = subprocess.check_output(["git", "describe"]).decode().strip()
CONFIG = json.load(open("x.json")); NAME = CONFIG["name"]; CONFIG.setdefault("a", 1)
import yaml; CONF = yaml.safe_load(open("x")); CONF.update({"a": 1})
stripe.api_key = SECRET
import pymysql; pymysql.install_as_MySQLdb()
for app in ["a", "b"]: APPS = app
DEFAULT = getattr(project, "DEFAULT", 1)
LOCALE_PATHS = (BASE_DIR + "/locale",); del PATH_
EMAIL = dict(HOST="x", **{"PORT": 1})
X: int = 5
lambda_ = sorted(["b", "a"], key=lambda s: s.lower())
ROOT = environ.Path(__file__) - 3; APPS_DIR = ROOT.path("apps"); STATIC_ROOT = str(APPS_DIR("static"))
REST_FRAMEWORK = {"PAGE": 10, **({"A": 1} if DEBUG else {})}
CORS = [r"^https://\w+\.example\.com$", re.compile(r"x")]
if __name__ == "__main__": print("x")
`

// What settings do that leaves CACHES alone draws no alarm, before or behind them.
func TestImportOrdinary(t *testing.T) {
	prelude := `import environ, json, locale, logging, logging.config, os, re, socket, stripe, subprocess, sys, warnings
import dj_database_url, sentry_sdk, project
from datetime import timedelta
from pathlib import Path
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy, gettext_lazy as _
from dotenv import load_dotenv
from sentry_sdk.integrations.django import DjangoIntegration
from project.secrets import get_secret, env_database, SECRET
BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATH_ = DEBUG = VERSION = CACHES_BEFORE = "1"
HOST_ = "redis://h:6379/1"
`
	caches := "CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': HOST_}}\n"
	check := func(t *testing.T, source string) {
		t.Helper()
		file, err := settings.ReadPython([]byte(source), settings.Options{Names: Settings()})
		if err != nil {
			t.Fatalf("%v\n%s", err, source)
		}
		made, err := Import("s.py", file, Foreign{Releases: map[string]string{}, Python: "3.12"})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range made.Notes {
			if n.Unresolved {
				t.Errorf("%s\n%s", n, strings.TrimPrefix(source, prelude))
			}
		}
	}
	lines := strings.ReplaceAll(strings.TrimSpace(ordinary), "\nexcept", "\x00except")
	for _, line := range strings.Split(lines, "\n") {
		line = strings.ReplaceAll(line, "\x00", "\n") + "\n"
		check(t, prelude+line+caches)
		check(t, prelude+caches+line)
	}
	// Production settings over those of a base.
	check(t, "import os\nfrom .base import *\nfrom .base import env\nDEBUG = env.bool('DEBUG', default=False)\nALLOWED_HOSTS = env.list('HOSTS', default=[])\n"+
		"DATABASES['default']['CONN_MAX_AGE'] = env.int('AGE', default=60)\nCACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://h:6379/1'}}\n"+
		"INSTALLED_APPS = ['x'] + INSTALLED_APPS\nINSTALLED_APPS += ['storages']\nMIDDLEWARE.insert(1, 'whitenoise')\nTEMPLATES[-1]['OPTIONS']['loaders'] = []\nSENTRY = env.int('LEVEL', 1)\nLOGGING['loggers'].update({})\n")
}
