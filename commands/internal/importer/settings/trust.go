package settings

import (
	"slices"
	"strings"
)

// What follows is where the line is drawn between code that is not run and leaves
// the names of the module alone, and code that may change them.
//
// A function that is imported can change a name of the module, or a list or dict
// of it, only if it is handed something that leads there: the list or dict
// itself, globals(), locals(), vars(), __name__ with which it finds the module in
// sys.modules, or a function of the module that does it. Short of that it has the
// frames of the interpreter. So:
//
//   - What is handed to a function that is not run may have changed afterwards.
//   - A function of a package in trusted changes nothing else.
//   - One of any other package changes nothing else where it is called for its
//     value with plain arguments, as SECRET = secret("KEY"). Called alone on a line
//     it is called for what it does, as include("other.py") is, which works by
//     frames: it may change every name. So may what is called on its result.
//   - A built-in function that is not in harmless, such as exec, may change every
//     name, wherever it is mentioned.
//   - What this file defines is read: it may change the names that it declares
//     global and the objects of the names that it mentions.
//
// An import is taken to change nothing, and to bind what its name says.

// trusted are packages whose functions change nothing that they are not given. Of
// sys only what is listed.
var trusted = words(`
	abc argparse array ast asyncio base64 binascii bisect bz2 calendar cProfile codecs collections colorsys configparser ConfigParser copy cPickle csv
	ctypes.util dataclasses datetime decimal difflib email enum errno faulthandler fnmatch fractions functools getpass gettext glob gzip hashlib heapq
	hmac html http imp ipaddress itertools json keyword locale logging lzma math mimetypes multiprocessing netrc ntpath numbers os pathlib pickle pkg_resources
	platform posixpath pprint pwd queue random re resource secrets select shlex shutil signal socket ssl stat statistics string StringIO struct
	subprocess tarfile tempfile textwrap threading time timeit tokenize tomllib traceback types typing typing_extensions unicodedata urllib urllib2 urlparse uuid
	warnings weakref xml zipfile zlib zoneinfo __future__

	sys.path sys.argv sys.version sys.version_info sys.platform sys.stdout sys.stderr sys.stdin sys.exit sys.maxsize sys.executable sys.prefix sys.byteorder
	sys.getdefaultencoding sys.getrecursionlimit sys.setrecursionlimit sys.dont_write_bytecode sys.hexversion sys.implementation

	django rest_framework environ environs decouple prettyconf everett dotenv dj_database_url dj_email_url dj_search_url dj_redis_url django_cache_url
	dsnparse yaml toml tomli orjson simplejson ujson msgpack attr pydantic pydantic_settings pytz dateutil six requests httpx urllib3 certifi redis valkey
	kombu celery boto3 botocore google azure hvac sentry_sdk raven newrelic ddtrace opentelemetry elasticapm rollbar structlog colorlog logstash
	pythonjsonlogger graypy cloudinary stripe firebase_admin ldap django_auth_ldap corsheaders debug_toolbar whitenoise storages configurations
	pymysql MySQLdb psycopg2 psycopg psycogreen gevent eventlet cryptography jwt git packaging faker markdown bleach phonenumber_field model_utils
	easy_thumbnails oscar wagtail cms saml2 social_core allauth import_export channels django_redis django_valkey django_cachex redis_cache bs4 nacl numpy
`)

// harmless are built-in functions that change no name and nothing they are given.
var harmless = words(`
	abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict dir divmod enumerate filter float format frozenset getattr hasattr
	hash hex id input int isinstance issubclass iter len list map max memoryview min next object oct open ord pow print property range repr reversed
	round set slice sorted staticmethod str sum super tuple type zip unicode basestring long xrange raw_input unichr reduce cmp file
	NotImplemented Ellipsis __name__ __file__ __doc__ __debug__
	BaseException Exception ArithmeticError AssertionError AttributeError EOFError EnvironmentError FileNotFoundError IOError ImportError IndexError
	KeyError LookupError ModuleNotFoundError NameError NotImplementedError OSError OverflowError PermissionError RuntimeError StopIteration SyntaxError
	SystemExit TimeoutError TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError ZeroDivisionError KeyboardInterrupt
	Warning DeprecationWarning FutureWarning ImportWarning PendingDeprecationWarning ResourceWarning RuntimeWarning SyntaxWarning UserWarning
`)

// others are built-in names that are not harmless.
var others = words(`
	locals globals vars exec execfile eval compile setattr delattr breakpoint reload apply help exit quit
	__import__ __builtins__ __builtin__ __loader__ __spec__ __package__ __path__ __dict__ __class__
`)

// plainResult are functions of whose arguments nothing is left in their result.
var plainResult = words(`
	abs all any ascii bin bool bytes callable chr divmod float format hasattr hash hex id input int isinstance issubclass len oct open ord pow print
	range repr round str type unicode long basestring unichr
`)

// eager are functions that go through a generator at once, and to its end.
var eager = words(`list tuple set frozenset dict sorted`)

// changers are methods of lists, dicts and sets. Called alone on what another
// module calls by capital letters they change that.
var changers = words(`append insert extend remove update setdefault pop sort add discard clear reverse`)

// plainDunders are attributes with two underscores that lead nowhere.
var plainDunders = words(`__init__ __new__ __name__ __qualname__ __doc__ __file__ __version__ __all__ __contains__ __getitem__ __len__ __str__ __repr__`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// isTrusted reports whether a dotted name is of a trusted package, or harmless. One
// that goes through another module's imports, or through a name that is private,
// is not.
func isTrusted(path string) bool {
	if harmless[path] {
		return true
	}
	parts := strings.Split(strings.TrimSuffix(path, "()"), ".")
	for _, part := range parts[1:] {
		if strings.HasPrefix(part, "_") && !plainDunders[part] || slices.Contains([]string{"sys", "builtins", "__builtin__", "inspect", "importlib", "gc"}, part) {
			return false
		}
	}
	if parts[0] == "sys" {
		return len(parts) > 1 && trusted["sys."+parts[1]]
	}
	return trusted[parts[0]]
}

// isHandle reports whether an attribute may lead to a module or a frame.
func isHandle(name string) bool {
	return strings.HasPrefix(name, "__") && !plainDunders[name] || strings.HasPrefix(name, "f_") || strings.HasPrefix(name, "tb_") || strings.HasPrefix(name, "func_")
}

// isData reports whether a dotted name is one that a settings module gives to data:
// the last of its parts is in capital letters.
func isData(path string) bool {
	name := path[strings.LastIndexByte(path, '.')+1:]
	return name != "" && name == strings.ToUpper(name) && strings.Trim(name, "_0123456789") != ""
}

// hasHandle reports whether attributes on the way may lead to a module or a frame.
func hasHandle(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "."), isHandle)
}

// isChange reports whether a call is one of a method that changes data of another
// module, such as INSTALLED_APPS.append.
func isChange(path string) bool {
	i := strings.LastIndexByte(path, '.')
	return i > 0 && changers[path[i+1:]] && isData(path[:i])
}
