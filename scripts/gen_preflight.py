# -*- coding: utf-8 -*-
"""What one Python pickles: the values of the tests of preflight.

    PYTHON gen_preflight.py > values

It runs on CPython 2.7 and from 3.6 on, each of which makes other values of the same
program: what it has, as it pickles it, at every protocol it knows. A line is what the
value is, and its pickle in base64. Beside what this Python makes itself stand pickles
that are written out here, opcode by opcode, which no pickler makes.
"""
from __future__ import print_function, unicode_literals
import base64, os, pickle, struct, sys, types, warnings

warnings.simplefilter("ignore")
PY2 = sys.version_info[0] == 2
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
sys.setrecursionlimit(5000)
seen = set()
out = os.fdopen(os.dup(1), "w")
sys.stdout = open(os.devnull, "w")


def emit(what, data):
    if data in seen:
        return
    seen.add(data)
    print("%s\t%s" % (what.encode("ascii", "backslashreplace").decode("ascii"), base64.b64encode(data).decode("ascii")), file=out)


def dump(what, value, protocols=PROTOCOLS):
    for p in protocols:
        try:
            data = pickle.dumps(value, p)
        except Exception:
            continue
        emit("%s @%d" % (what, p), data)


# Values of builtin types.
PLAIN = r"""
None | True | False | 0 | 1 | -1 | 255 | 256 | 65535 | 65536 | -2**31 | 2**31 | 2**63 | -2**63 | 2**64 | 2**1000 | -2**2047
0.0 | -0.0 | 1.5 | 1e300 | float('inf') | float('nan') | 1j | complex(1.5, -2)
'' | 'a' | 'abc' | 'h\xe9llo' | '\u20ac' | '\U0001f600' | 'x' * 300 | 'line\nbreak\\u0041' | '\x00\x1a\r'
b'' | b'a' | b'abc' | b'\xff\x00' | b'y' * 300 | bytearray() | bytearray(b'abc') | bytearray(b'\xfe' * 300)
[] | [1] | [1, 2, 3] | list(range(1500)) | () | (1,) | (1, 2) | (1, 2, 3) | (1, 2, 3, 4) | {} | {'a': 1} | dict.fromkeys(range(1500))
set() | {1} | {1, 2} | frozenset() | frozenset([1]) | [[], {}, (), set()] | {'a': [1, {'b': (2, 3)}]} | [None] * 3
10**4299 | 10**4300 | -10**4300 | 10**5000 | [10**4300] | {'n': 10**4400} | 10**4299 - 1
"""

# Values of classes of the standard library, and names: as they are written by people. What a Python lacks it leaves out.
OBJECTS = r"""
range(3) | range(0, 10, 3) | slice(1, 2, 3) | Ellipsis | NotImplemented | type(None) | type(Ellipsis) | type(NotImplemented) | object() | object
int | str | bytes | list | dict | set | frozenset | tuple | type | complex | bytearray | memoryview | property | super | staticmethod | classmethod
len | abs | print | sorted | map | filter | zip | enumerate | reversed | isinstance | getattr | open | input | sum | min | max | iter | next | repr | ascii | bin | hex | oct | chr | ord | exec | eval | compile | vars | dir | id | hash | callable | format | breakpoint | aiter | anext
__import__('__builtin__').xrange(3) | __import__('__builtin__').unichr | __import__('__builtin__').unicode | __import__('__builtin__').long | __import__('__builtin__').basestring | __import__('__builtin__').reduce | __import__('__builtin__').raw_input | __import__('__builtin__').apply | __import__('__builtin__').buffer | __import__('__builtin__').cmp | __import__('__builtin__').coerce | __import__('__builtin__').execfile | __import__('__builtin__').file | __import__('__builtin__').reload | __import__('__builtin__').intern
datetime.date(2024, 2, 29) | datetime.date(1, 1, 1) | datetime.date(9999, 12, 31) | datetime.date(1850, 1, 1) | datetime.date(1970, 1, 1)
datetime.datetime(2024, 2, 29, 12, 30, 45, 123456) | datetime.datetime(1800, 1, 1) | datetime.datetime(1850, 6, 7, 8, 9, 10, 11) | datetime.datetime.max | datetime.datetime.min
datetime.datetime(2024, 10, 27, 2, 30, fold=1) | datetime.time(1, 2, 3, fold=1) | datetime.datetime(1800, 1, 1, fold=1)
datetime.time(1, 2, 3, 4) | datetime.time(0) | datetime.time(23, 59, 59, 999999) | datetime.timedelta(1, 2, 3) | datetime.timedelta(-1) | datetime.timedelta.max
datetime.timezone.utc | datetime.timezone(datetime.timedelta(hours=2)) | datetime.timezone(datetime.timedelta(hours=-3), 'x') | datetime.timezone(datetime.timedelta(seconds=90)) | datetime.timezone(datetime.timedelta(hours=1, seconds=5)) | datetime.timezone(datetime.timedelta(seconds=1, microseconds=5))
datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc) | datetime.datetime(1800, 1, 1, tzinfo=datetime.timezone.utc) | datetime.time(1, tzinfo=datetime.timezone.utc) | datetime.datetime | datetime.date | datetime.timedelta | datetime.tzinfo() | datetime.UTC
zoneinfo.ZoneInfo('UTC') | zoneinfo.ZoneInfo('Europe/Berlin') | zoneinfo.ZoneInfo.no_cache('Europe/Berlin') | datetime.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))
decimal.Decimal('1.5') | decimal.Decimal('NaN') | decimal.Decimal('-Infinity') | decimal.Decimal('1e400') | decimal.Decimal(0) | decimal.Context() | decimal.Context(prec=5) | decimal.getcontext() | decimal.ROUND_UP | decimal.DefaultContext
fractions.Fraction(1, 3) | fractions.Fraction(5) | fractions.Fraction(-7, 10**30) | numbers.Number | statistics.NormalDist(1, 2)
uuid.UUID(int=5) | uuid.uuid5(uuid.NAMESPACE_DNS, 'a') | uuid.uuid1() | uuid.uuid4() | uuid.SafeUUID.safe | uuid.SafeUUID.unknown
collections.OrderedDict() | collections.OrderedDict([('a', 1), ('b', 2)]) | collections.defaultdict(list) | collections.defaultdict(int, {'a': 1}) | collections.defaultdict(None, {1: 2}) | collections.deque() | collections.deque([1, 2, 3]) | collections.deque([1], 5) | collections.Counter() | collections.Counter('abca') | collections.ChainMap({'a': 1}, {}) | collections.UserDict({'a': 1}) | collections.UserList([1]) | collections.UserString('x') | collections.OrderedDict
collections.abc.Mapping | collections.Mapping | collections.abc.Buffer | collections.abc.ByteString | collections.Callable
enum.Enum | enum.IntEnum | enum.auto() | enum.Flag | enum.IntFlag | enum.StrEnum | enum.KEEP | enum.CONFORM | enum.STRICT | enum.EJECT | enum.verify | enum.UNIQUE
http.HTTPStatus.OK | http.HTTPStatus.NOT_FOUND | http.HTTPStatus(418) | http.HTTPStatus(103) | http.HTTPStatus(421) | http.HTTPStatus(451) | http.HTTPStatus(425) | http.HTTPMethod.GET | http.HTTPMethod.QUERY | [http.HTTPStatus(s) for s in (200, 404)] | http.HTTPStatus(422) | http.HTTPStatus(413) | http.HTTPStatus(416)
calendar.Month.JANUARY | calendar.Day.MONDAY | calendar.TextCalendar() | calendar.Calendar(6) | calendar.HTMLCalendar() | calendar.LocaleTextCalendar() | calendar.January
socket.AF_INET | socket.SOCK_STREAM | socket.AddressFamily.AF_INET | socket.MsgFlag.MSG_PEEK | socket.timeout('x') | socket.error(1, 'x') | socket.gaierror(2, 'y') | socket.herror(3, 'z')
signal.SIGINT | signal.Signals.SIGTERM | signal.Handlers.SIG_DFL | signal.SIG_IGN
ssl.PROTOCOL_TLS | ssl.CERT_REQUIRED | ssl.TLSVersion.TLSv1_2 | ssl.Options.OP_NO_SSLv3 | ssl.VerifyFlags.VERIFY_DEFAULT | ssl.Purpose.SERVER_AUTH | ssl.AlertDescription.ALERT_DESCRIPTION_CLOSE_NOTIFY | ssl.SSLErrorNumber.SSL_ERROR_EOF | ssl.OP_ALL | ssl.SSLError('x')
re.compile('a') | re.compile('a+', re.I) | re.compile(b'a') | re.compile('\\w+', re.A | re.M) | re.compile('x', re.U) | re.compile(b'x', re.L) | re.compile('(?i)a') | re.compile('a(?i)b') | re.compile('(?>a)b') | re.compile('a*+b') | re.compile('a?+') | re.compile('a{1,2}+') | re.compile('\\N{BULLET}') | re.compile('(?P<n>a)(?P=n)') | re.compile('a', re.T) | re.compile('a', 1 | 256) | re.compile('a', re.DEBUG) | re.compile('[a&&b]') | re.compile('\\Z') | re.compile('\\z') | re.compile('(?P<\\u00e9>a)') | re.compile('(?:a|b)*$', re.S | re.X)
re.IGNORECASE | re.I | re.M | re.RegexFlag.I | re.A | re.T | re.NOFLAG | re.compile | re.error('x') | re.PatternError('x') | re.sub | re.Pattern | re.Match | re._compile | re.error('x', 'pat', 1)
ipaddress.ip_address('10.0.0.1') | ipaddress.ip_address('::1') | ipaddress.ip_network('10.0.0.0/8') | ipaddress.ip_interface('10.0.0.1/24') | ipaddress.IPv6Address('fe80::1%eth0') | ipaddress.ip_network('2001:db8::/32') | ipaddress.AddressValueError('x')
pathlib.PurePosixPath('/a/b') | pathlib.PosixPath('/a/b') | pathlib.Path('x') | pathlib.PureWindowsPath('c:/a') | pathlib.PurePath() | pathlib.Path('a/b/c.txt') | pathlib.PosixPath | pathlib.UnsupportedOperation('x') | pathlib.PurePosixPath
time.gmtime(0) | time.struct_time((2024, 1, 1, 0, 0, 0, 0, 1, 0)) | os.stat_result(range(10)) | os.terminal_size((80, 24)) | os.stat('/') | os.statvfs('/') | os.times() | os.uname() | sys.float_info | sys.version_info | sys.flags | sys.hash_info | sys.int_info | sys.thread_info | os.sched_param(1) | resource.getrusage(0) | pwd.getpwuid(0) | grp.getgrgid(0) | os.times_result((1, 2, 3, 4, 5))
array.array(str('i'), [1, 2]) | array.array(str('d'), [1.5]) | array.array(str('u'), 'ab') | array.array(str('w'), 'ab') | array.array(str('b')) | array.array(str('q'), [2**40]) | array.array(str('c'), b'ab') | array.array(str('B'), [1, 255]) | array.array(str('f'), [1.5])
functools.partial(int, base=2) | functools.partial(sorted, [3], reverse=True) | functools.partial(print, 1) | functools.reduce | functools.cmp_to_key | functools.partialmethod(int) | functools.lru_cache | functools.cached_property | functools.total_ordering | functools.wraps | functools.Placeholder | functools.partial(pow, functools.Placeholder, 2) | functools.singledispatch | functools.cache
operator.itemgetter(1) | operator.itemgetter(1, 2) | operator.attrgetter('a.b') | operator.methodcaller('x', 1, y=2) | operator.add | operator.is_none | operator.call | operator.div | operator.length_hint | operator.isCallable | operator.matmul | operator.methodcaller('x')
itertools.count(5) | itertools.count(1, 2) | itertools.repeat(1, 3) | itertools.repeat(1) | itertools.chain([1], [2]) | itertools.cycle([1, 2]) | itertools.islice([1, 2, 3], 2) | itertools.product([1], [2]) | itertools.permutations([1, 2]) | itertools.combinations([1, 2], 1) | itertools.combinations_with_replacement([1, 2], 1) | itertools.accumulate([1, 2]) | itertools.zip_longest([1], [2, 3]) | itertools.groupby([1, 1]) | itertools.takewhile(bool, [1]) | itertools.dropwhile(bool, [1]) | itertools.filterfalse(bool, [1]) | itertools.starmap(pow, [(1, 2)]) | itertools.compress([1], [1]) | itertools.tee([1])[0] | itertools.chain | itertools.batched | itertools.pairwise | itertools.batched([1, 2], 1) | itertools.izip | itertools.imap | itertools.izip_longest | itertools.ifilter | itertools.chain.from_iterable([[1]])
iter([1, 2]) | iter((1, 2)) | iter('ab') | iter(b'ab') | iter(bytearray(b'ab')) | iter({'a': 1}) | iter({1}) | iter(range(3)) | enumerate([1]) | reversed([1, 2]) | map(int, ['1']) | filter(None, [1]) | zip([1], [2]) | iter(collections.deque([1])) | reversed('ab') | {'a': 1}.keys() | iter(array.array(str('i'), [1])) | iter(collections.OrderedDict(a=1)) | iter(int, 0) | reversed((1, 2)) | zip([1], [2], strict=True)
types.SimpleNamespace(a=1) | types.MappingProxyType | types.FunctionType | types.ModuleType | types.GenericAlias(list, (int,)) | list[int] | dict[str, int] | int | str | (int | str) | types.NoneType | types.EllipsisType | types.UnionType | types.MethodType | types.CodeType | types.new_class | types.DictType | types.StringTypes | types.ListType | types.GeneratorType | types.CapsuleType | tuple[int, ...] | types.CoroutineType | (int | None) | types.ClassType | types.InstanceType
typing.List | typing.List[int] | typing.Optional[int] | typing.Any | typing.Dict[str, int] | typing.Union[int, str] | typing.TypeVar('T') | typing.NamedTuple | typing.Callable[[int], str] | typing.Generic | typing.Protocol | typing.TypedDict | typing.Literal['a'] | typing.Final | typing.Self | typing.Never | typing.ParamSpec | typing.Tuple[int, str] | typing.Tuple[int, ...] | typing.Annotated[int, 'x'] | typing.ClassVar[int] | typing.ForwardRef('x') | typing.NoReturn | typing.io | typing.Text | typing.ByteString | typing.Deque[int] | typing.re | typing.Type[int] | typing.Counter[str] | typing.override | typing.Required | typing.TypeAlias | typing.Concatenate | typing.Unpack | typing.LiteralString | typing.NotRequired | typing.TypeGuard | typing.assert_never | typing.ReadOnly | typing.NoDefault | typing.Hashable | typing.Sized
inspect.Parameter.POSITIONAL_ONLY | inspect.Parameter('a', inspect.Parameter.KEYWORD_ONLY) | inspect.signature(lambda a, b=1: 0) | inspect.ArgSpec | inspect.getargspec | inspect.FullArgSpec([], None, None, [], None, [], {}) | inspect.BufferFlags.SIMPLE | inspect.Attribute('a', 'data', int, 5) | inspect.Parameter.empty | inspect.getfullargspec | inspect.Traceback | inspect.FrameInfo
dataclasses.field | dataclasses.MISSING | dataclasses.Field | dataclasses.KW_ONLY | dataclasses.FrozenInstanceError('x') | dataclasses.InitVar | dataclasses.dataclass
graphlib.TopologicalSorter() | graphlib.CycleError('x') | tomllib.loads | tomllib.TOMLDecodeError('x') | tomllib.TOMLDecodeError('x', 'doc', 1) | contextvars.ContextVar | contextlib.nullcontext(1) | contextlib.ExitStack | contextlib.suppress(ValueError) | contextlib.chdir('/') | contextlib.aclosing | contextlib.nested | contextlib.closing
string.Template('$a') | string.Formatter() | string.ascii_letters | string.capwords | string.letters | string.maketrans | string.templatelib.Template | string.upper | string.join
ast.parse('x = 1') | ast.Num(1) | ast.Constant(1) | ast.Name('x', ast.Load()) | ast.Str('x') | ast.Index(ast.Name('x', ast.Load())) | ast.NameConstant(None) | ast.parse('f(1)', mode='eval') | ast.Bytes(b'x') | ast.Ellipsis() | ast.ExtSlice | ast.TypeAlias | ast.NodeVisitor() | ast.Param | ast.unparse | ast.TemplateStr | ast.slice | ast.Module([], []) | ast.Print | ast.TryStar | ast.Match
asyncio.TimeoutError('x') | asyncio.CancelledError('x') | asyncio.InvalidStateError('x') | asyncio.QueueEmpty('x') | asyncio.IncompleteReadError(b'a', 5) | asyncio.LimitOverrunError('a', 5) | asyncio.coroutine | asyncio.run | asyncio.TaskGroup | asyncio.Runner | asyncio.timeout | asyncio.QueueShutDown('x') | asyncio.BrokenBarrierError('x') | asyncio.SendfileNotAvailableError('x') | asyncio.get_event_loop | asyncio.AbstractEventLoopPolicy
concurrent.futures.TimeoutError('x') | concurrent.futures.CancelledError('x') | concurrent.futures.process.BrokenProcessPool('x') | concurrent.futures.BrokenExecutor('x') | concurrent.futures.InvalidStateError('x') | concurrent.futures.ThreadPoolExecutor | concurrent.futures.thread.BrokenThreadPool('x') | concurrent.futures.InterpreterPoolExecutor
ExceptionGroup('x', [ValueError(1)]) | BaseExceptionGroup('x', [ValueError(1)]) | ExceptionGroup | EncodingWarning('x') | PythonFinalizationError('x') | ModuleNotFoundError('x') | RecursionError('x') | StopAsyncIteration('x') | ResourceWarning('x') | FileNotFoundError(2, 'x') | FileNotFoundError(2, 'x', 'f') | PermissionError(1, 'x') | TimeoutError('x') | ConnectionResetError(1, 'x') | BlockingIOError(1, 'x') | OSError(1, 'a', 'f') | OSError('x') | IOError(5, 'x') | EnvironmentError('x') | OSError(1, 'a', 'f', None, 'g') | ImportError('x', name='a') | NameError('x', name='a') | AttributeError('x', name='a', obj=1) | StopIteration(5) | SystemExit(3) | KeyError('x') | KeyError('x').with_traceback | UnicodeDecodeError(str('ascii'), b'a\xff', 1, 2, str('x')) | UnicodeEncodeError(str('ascii'), 'a\xe9', 1, 2, str('x')) | UnicodeTranslateError('a\xe9', 1, 2, str('x')) | SyntaxError('x', ('f', 1, 2, 'text')) | SyntaxError('x', ('f', 1, 2, 'text', 3, 4)) | IndentationError('x') | TabError('x') | Exception() | Exception('a', 1, None) | ValueError(ValueError('x')) | __import__('__builtin__').StandardError('x') | KeyboardInterrupt() | GeneratorExit() | BaseException('x') | Warning('x') | DeprecationWarning('x') | NotImplementedError('x') | ZeroDivisionError('x') | FloatingPointError('x') | OverflowError('x') | AssertionError('x') | BufferError('x') | EOFError('x') | LookupError('x') | MemoryError('x') | ReferenceError('x') | SystemError('x') | TypeError('x') | UnboundLocalError('x') | UnicodeError('x') | BytesWarning('x') | FutureWarning('x') | ImportWarning('x') | PendingDeprecationWarning('x') | RuntimeWarning('x') | SyntaxWarning('x') | UnicodeWarning('x') | UserWarning('x') | ChildProcessError(1, 'x') | BrokenPipeError(1, 'x') | IsADirectoryError(1, 'x') | NotADirectoryError(1, 'x') | InterruptedError(1, 'x') | ProcessLookupError(1, 'x') | FileExistsError(1, 'x') | ConnectionError('x') | ConnectionAbortedError(1, 'x') | ConnectionRefusedError(1, 'x')
json.JSONDecodeError('m', 'doc', 0) | json.JSONEncoder() | json.JSONDecoder | json.dumps | json.loads | json.decoder.JSONDecodeError
http.cookies.SimpleCookie('a=1; b=2') | http.cookies.Morsel() | http.cookies.SimpleCookie() | http.cookies.BaseCookie('a=1') | http.cookiejar.CookieJar | http.cookiejar.Cookie(0, 'a', 'b', None, False, 'd', False, False, '/', False, False, None, False, None, None, {}) | http.client.HTTPMessage() | http.client.IncompleteRead(b'a') | http.client.HTTPException('x') | http.client.responses | http.client.RemoteDisconnected('x') | http.client.BadStatusLine('x') | http.cookies.CookieError('x') | http.server.CGIHTTPRequestHandler | http.client.error
__import__('Cookie').SimpleCookie(str('a=1; b=2')) | __import__('Cookie').Morsel() | __import__('Cookie').SmartCookie(str('a=1')) | __import__('Cookie').SerialCookie | __import__('Cookie').BaseCookie(str('a=1'))
urllib.parse.urlparse('http://a/b?c#d') | urllib.parse.urlsplit('http://a/b') | urllib.parse.urlparse(b'http://a/b') | urllib.parse.quote | urllib.request.Request('http://a') | urllib.error.URLError('x') | urllib.error.HTTPError('http://a', 404, 'x', None, None) | urllib.parse.unquote | urllib.parse.parse_qs | urllib.request.URLopener | urllib.parse.splithost | urllib.robotparser.RobotFileParser() | urllib.parse.urldefrag('http://a#b') | urllib.error.ContentTooShortError('x', 1)
__import__('urlparse').urlparse(str('http://a/b?c#d')) | __import__('urlparse').urlsplit('http://a/b') | __import__('urllib').quote | __import__('urllib').URLopener | __import__('urllib2').URLError('x') | __import__('urllib2').Request('http://a') | __import__('urllib2').urlopen | __import__('urllib').urlencode | __import__('urllib').basejoin | __import__('urllib2').HTTPError('http://a', 404, 'x', None, None) | __import__('httplib').HTTPException('x') | __import__('httplib').HTTP | __import__('httplib').BadStatusLine('x')
email.message.Message() | email.message.EmailMessage() | email.message_from_string('A: b\n\nc') | email.header.Header('x') | email.policy.default | email.policy.SMTP | email.utils.parsedate('Mon, 01 Jan 2024 00:00:00 +0000') | email.charset.Charset('utf-8') | email.headerregistry.Address('x', 'y', 'z') | email.errors.MessageError('x') | email.errors.InvalidDateDefect('x') | email.generator.Generator | email.policy.compat32 | email.message_from_string('Subject: x\nDate: Mon, 01 Jan 2024 00:00:00 +0000\n\nc', policy=email.policy.default) | email.errors.MalformedHeaderDefect('x') | email.MIMEText.MIMEText(str('x')) | email.mime.text.MIMEText('x') | email.mime.multipart.MIMEMultipart() | email.Utils.formatdate | email.header.decode_header
xml.etree.ElementTree.fromstring('<a b="c">d<e/></a>') | xml.etree.ElementTree.Element('a') | xml.etree.ElementTree.ElementTree() | xml.etree.ElementTree.QName('a') | xml.etree.cElementTree | xml.dom.minidom.parseString('<a/>') | xml.sax.SAXException('x') | xml.etree.ElementTree.ParseError('x') | xml.dom.minidom.Document() | xml.etree.cElementTree.Element
random.Random(5) | random.SystemRandom() | random.random | random.Random(1.5) | random.choice | random.choices | random.WichmannHill(5) | random.binomialvariate
hashlib.md5 | hashlib.sha256 | hashlib.blake2b | hashlib.file_digest | hmac.new | hmac.HMAC | zlib.error('x') | zlib.crc32 | bz2.BZ2File | gzip.BadGzipFile('x') | lzma.LZMAError('x') | binascii.Error('x') | binascii.b2a_hqx | struct.error('x') | struct.Struct(str('i')) | struct.calcsize | binascii.Incomplete('x') | base64.encodestring | base64.b85encode | base64.b64encode | base64.z85encode
io.BytesIO(b'abc') | io.StringIO('abc') | io.BytesIO() | io.StringIO() | io.UnsupportedOperation('x') | io.text_encoding | io.open_code | io.TextIOWrapper | io.RawIOBase | io.DEFAULT_BUFFER_SIZE | io.Reader | io.SEEK_SET
__import__('StringIO').StringIO(str('abc')) | __import__('cStringIO').StringIO(str('abc')) | __import__('StringIO').StringIO() | __import__('cStringIO').StringIO
codecs.lookup('utf-8') | codecs.lookup('ascii') | codecs.encode | codecs.CodecInfo | codecs.IncrementalDecoder | codecs.open | codecs.getincrementaldecoder('utf-8') | encodings.utf_8.decode | encodings.idna.Codec() | encodings.cp65001 | encodings.aliases.aliases | encodings.string_escape.Codec
logging.LogRecord('a', 20, 'p', 1, 'm', (), None) | logging.getLogger('x') | logging.getLogger() | logging.Formatter() | logging.INFO | logging.Filter('x') | logging.getHandlerByName | logging.StreamHandler | logging.PercentStyle('%(message)s') | logging.Formatter('%(message)s', style='{', validate=False) | logging.NullHandler | logging.warn
threading.Event | threading.Thread | threading.BrokenBarrierError('x') | threading.local | threading.ExceptHookArgs | threading.get_native_id | threading.Lock | queue.Empty('x') | queue.Full('x') | queue.Queue | queue.SimpleQueue | queue.ShutDown('x') | queue.PriorityQueue | sched.Event(1, 2, print, (), {}) | __import__('Queue').Empty('x') | __import__('Queue').Queue | __import__('thread').error('x') | threading._Event | threading.Barrier
subprocess.CalledProcessError(1, 'a') | subprocess.TimeoutExpired('a', 1) | subprocess.CompletedProcess('a', 0) | subprocess.Popen | subprocess.run | subprocess.list2cmdline | multiprocessing.TimeoutError('x') | multiprocessing.ProcessError('x') | multiprocessing.AuthenticationError('x') | multiprocessing.get_context | multiprocessing.pool.MaybeEncodingError('a', 'b') | multiprocessing.context.ProcessError('x') | multiprocessing.Process | multiprocessing.pool.Pool | subprocess.check_output
shutil.Error('x') | shutil.ReadError('x') | shutil.disk_usage('/') | tempfile.NamedTemporaryFile | tarfile.TarInfo('x') | tarfile.ReadError('x') | tarfile.FilterError | tarfile.AbsoluteLinkError | tarfile.data_filter | zipfile.ZipInfo('x') | zipfile.BadZipFile('x') | zipfile.Path | zipfile.BadZipfile('x') | glob.translate | fnmatch.filterfalse | zipfile.LargeZipFile('x') | zipfile._path.Path | shutil.copyfile | tarfile.LinkFallbackError | tarfile.TarFile
csv.Dialect | csv.excel() | csv.Error('x') | csv.QUOTE_ALL | csv.DictReader | configparser.ConfigParser() | configparser.RawConfigParser() | configparser.NoSectionError('x') | configparser.NoOptionError('x', 'y') | configparser.SafeConfigParser | configparser.LegacyInterpolation | configparser.BasicInterpolation() | configparser.MultilineContinuationError('f', 1, 'l') | configparser.InvalidWriteError('x') | configparser.ParsingError('f') | configparser.DuplicateOptionError('a', 'b') | configparser.DuplicateSectionError('a') | configparser.MissingSectionHeaderError('f', 1, 'l') | configparser.InterpolationError('a', 'b', 'c') | configparser.UnnamedSectionDisabledError() | __import__('ConfigParser').NoSectionError('x') | __import__('ConfigParser').ConfigParser | plistlib.UID(5) | plistlib.InvalidFileException('x') | plistlib.Data | plistlib.FMT_XML | plistlib.loads | csv.QUOTE_STRINGS
argparse.Namespace(a=1) | argparse.ArgumentTypeError('x') | argparse.BooleanOptionalAction | argparse.ArgumentParser | argparse.ArgumentError(None, 'x') | argparse.FileType('r') | optparse.Values({'a': 1}) | optparse.OptionError | optparse.OptParseError('x') | getopt.GetoptError('x', 'y') | optparse.BadOptionError('x') | argparse.HelpFormatter
difflib.SequenceMatcher | difflib.Match(1, 2, 3) | textwrap.TextWrapper() | pprint.PrettyPrinter | copy.Error('x') | pickle.PickleError('x') | pickle.PicklingError('x') | pickle.UnpicklingError('x') | pickle.PickleBuffer | pickle.Unpickler | shelve.Shelf | dbm.error | dbm.sqlite3 | dis.Instruction | dis.Bytecode | dis.Positions | copy.replace | reprlib.Repr() | weakref.WeakValueDictionary() | weakref.WeakSet() | weakref.ref | weakref.WeakKeyDictionary() | copyreg.__newobj__ | copyreg.__newobj_ex__ | copyreg._reconstructor | copyreg.pickle_union | copyreg.pickle | __import__('cPickle').PickleError('x') | __import__('cPickle').UnpickleableError | __import__('cPickle').loads
sqlite3.Row | sqlite3.Error('x') | sqlite3.IntegrityError('x') | sqlite3.Binary | sqlite3.Blob | sqlite3.OptimizedUnicode | sqlite3.Connection | sqlite3.dbapi2.Date | sqlite3.OperationalError('x') | sqlite3.DatabaseError('x') | sqlite3.enable_shared_cache | sqlite3.version | sqlite3.Warning('x') | sqlite3.InterfaceError('x') | sqlite3.ProgrammingError('x') | sqlite3.NotSupportedError('x') | sqlite3.Cursor
locale.Error('x') | locale.format | locale.format_string | locale.getdefaultlocale | gettext.NullTranslations() | gettext.lgettext | locale.resetlocale | locale.LC_ALL | locale.str
unittest.TestCase | unittest.mock.Mock | unittest.mock.call | unittest.mock.sentinel.a | unittest.mock.DEFAULT | unittest.SkipTest('x') | unittest.makeSuite | unittest.TestResult() | unittest.mock.ANY | unittest.IsolatedAsyncioTestCase | unittest.mock.call(1) | unittest.findTestCases
doctest.Example('a', 'b') | doctest.DocTestFailure | doctest.TestResults(1, 2) | timeit.Timer | trace.CoverageResults() | pstats.SortKey.CALLS | pstats.Stats | cProfile.Profile | profile.Profile | pstats.StatsProfile | pstats.FunctionProfile | tracemalloc.Filter(True, '*') | tracemalloc.Snapshot | tracemalloc.Traceback(((('f', 1),))) | tracemalloc.Frame(('f', 1)) | traceback.FrameSummary('f', 1, 'n', line='x') | traceback.StackSummary.from_list([('f', 1, 'n', 'x')]) | traceback.TracebackException | traceback.format_exception | linecache.cache | traceback.StackSummary()
importlib.machinery.ModuleSpec('a', None) | importlib.machinery.SourceFileLoader('a', 'b') | importlib.abc.Loader | importlib.metadata.PackageNotFoundError('x') | importlib.metadata.version | importlib.resources.read_text | importlib.find_loader | importlib.util.module_for_loader | pkgutil.ModuleInfo(None, 'a', False) | pkgutil.ImpImporter | pkgutil.find_loader | importlib.resources.abc.Traversable | importlib.abc.Finder | importlib.machinery.BuiltinImporter | importlib.import_module | importlib.metadata.EntryPoint('a', 'b', 'c') | importlib.resources.files | importlib.abc.Traversable | importlib.metadata.FileHash('a=b') | importlib.metadata.PackagePath('a') | importlib.machinery.WindowsRegistryFinder | importlib.reload
symtable.SymbolTableType.MODULE | tokenize.TokenInfo(1, 'a', (1, 0), (1, 1), 'a') | token.NAME | tokenize.TokenError('x') | keyword.iskeyword | code.InteractiveInterpreter | codeop.Compile() | symbol.file_input | parser.suite | formatter.AbstractFormatter | lib2to3.pgen2.token | tokenize.TokenInfo | symtable.Symbol | opcode.opmap | token.FSTRING_START
asynchat.async_chat | asyncore.dispatcher | smtpd.SMTPServer | smtplib.SMTPException('x') | smtplib.SMTPResponseException(1, 'x') | ftplib.Error('x') | ftplib.error_perm('x') | imaplib.IMAP4.error('x') | poplib.error_proto('x') | nntplib.NNTPError('x') | telnetlib.Telnet | cgi.FieldStorage | cgi.escape | cgi.MiniFieldStorage('a', 'b') | cgitb.Hook | crypt.METHOD_SHA512 | crypt.crypt | imghdr.what | sndhdr.SndHeaders | sndhdr.what | mailbox.Error('x') | mailcap.getcaps | nis.error('x') | ossaudiodev.error | pipes.Template | pipes.quote | spwd.getspall | sunau.Error('x') | telnetlib.IAC | uu.Error('x') | xdrlib.Error('x') | xdrlib.Packer | chunk.Chunk | audioop.error('x') | aifc.Error('x') | aifc.open | msilib.Table | imp.NullImporter | imp.load_source | binhex.Error('x') | binhex.HexBin | distutils.errors.DistutilsError('x') | distutils.version.LooseVersion('1.2') | distutils.version.StrictVersion('1.2') | distutils.core.setup | macpath.join | macurl2path.url2pathname | dummy_threading.Thread | _dummy_thread.error('x') | smtplib.SMTPServerDisconnected('x') | smtplib.SMTPRecipientsRefused({}) | wave.Error('x') | nntplib.NNTPTemporaryError('x') | mailbox.Message() | mailbox.NoSuchMailboxError('x') | netrc.NetrcParseError('x') | shlex.join | quopri.encodestring | turtle.Vec2D(1, 2) | turtle.TurtleScreenBase | curses.error('x') | tkinter.TclError('x') | tkinter.EventType.KeyPress | tkinter.Event() | webbrowser.Error('x') | cmd.Cmd | pdb.Restart('x') | bdb.BdbQuit('x') | faulthandler.enable | site.main | zipapp.ZipAppError('x') | zipimport.ZipImportError('x') | runpy.run_path | compileall.compile_dir | py_compile.PyCompileError | py_compile.PycInvalidationMode.TIMESTAMP | ensurepip.version | venv.EnvBuilder | secrets.token_hex | secrets.choice | selectors.EVENT_READ | selectors.SelectorKey(1, 2, 3, 4) | selectors.DefaultSelector | select.error('x') | errno.ENOENT | getpass.GetPassWarning('x') | mmap.mmap | ctypes.c_int(5) | ctypes.c_int | ctypes.ArgumentError('x') | ctypes.Structure | ctypes.c_double(1.5) | ctypes.c_char_p | ctypes.SIZEOF_TIME_T | ctypes.c_float_complex | ctypes.Array | ctypes.c_time_t | heapq.merge | bisect.bisect | heapq.heapify_max | heapq.heappush | stat.S_ISDIR | stat.FILE_ATTRIBUTE_ARCHIVE | platform.uname() | platform.system | platform.linux_distribution | platform.dist | platform.freedesktop_os_release | platform.popen | platform.uname_result | sysconfig.get_config_var | math.prod | math.inf | math.lcm | math.cbrt | math.isqrt | math.sumprod | math.fma | cmath.phase | gc.collect | atexit.register | abc.ABC | abc.ABCMeta | abc.abstractproperty | abc.update_abstractmethods | colorsys.rgb_to_hsv | fileinput.FileInput | filecmp.dircmp | wsgiref.headers.Headers([]) | wsgiref.types.StartResponse | wsgiref.util.FileWrapper | xmlrpc.client.Fault(1, 'x') | xmlrpc.client.DateTime('20240101T00:00:00') | xmlrpc.client.Binary(b'x') | xmlrpc.client.ProtocolError('a', 1, 'b', {}) | xmlrpc.client.ServerProxy | socketserver.BaseServer | xmlrpc.client.Error('x') | __import__('SocketServer').TCPServer | __import__('xmlrpclib').Fault(1, 'x') | __import__('xmlrpclib').DateTime(str('20240101T00:00:00'))
__import__('UserDict').UserDict({'a': 1}) | __import__('UserDict').IterableUserDict({'a': 1}) | __import__('UserList').UserList([1]) | __import__('UserString').UserString('x') | __import__('UserString').MutableString('x') | __import__('UserDict').DictMixin | __import__('sets').Set([1]) | __import__('sets').ImmutableSet([1]) | __import__('exceptions').Exception('x') | __import__('commands').getoutput | __import__('HTMLParser').HTMLParser() | __import__('HTMLParser').HTMLParseError('x') | __import__('htmlentitydefs').name2codepoint | __import__('htmllib').HTMLParser | __import__('sgmllib').SGMLParser | __import__('md5').new | __import__('sha').new | __import__('mimetools').Message | __import__('rfc822').Message | __import__('rfc822').AddressList('x') | __import__('robotparser').RobotFileParser() | __import__('repr').Repr() | __import__('dircache').listdir | __import__('fpformat').fix | __import__('ihooks').ModuleImporter | __import__('mhlib').MH | __import__('mutex').mutex() | __import__('new').classobj | __import__('popen2').Popen3 | __import__('posixfile').open | __import__('stringold').upper | __import__('statvfs').F_BSIZE | __import__('strop').upper | __import__('user').home | __import__('compiler').parse | __import__('anydbm').open | __import__('whichdb').whichdb | __import__('dumbdbm').open | __import__('dbhash').open | __import__('hotshot').Profile | __import__('multifile').MultiFile | __import__('MimeWriter').MimeWriter | __import__('mimify').mimify | __import__('Bastion').Bastion | __import__('rexec').RExec | __import__('toaiff').error('x') | __import__('audiodev').error('x') | __import__('linuxaudiodev').error('x') | __import__('imputil').Importer | __import__('markupbase').ParserBase | __import__('_abcoll').Sequence | __import__('cookielib').Cookie(0, 'a', 'b', None, False, 'd', False, False, '/', False, False, None, False, None, None, {}) | __import__('cookielib').CookieJar | __import__('DocXMLRPCServer').DocXMLRPCServer | __import__('SimpleHTTPServer').SimpleHTTPRequestHandler | __import__('BaseHTTPServer').HTTPServer | __import__('future_builtins').map | __import__('os').getcwdu | __import__('os').popen2 | __import__('os').tmpnam | __import__('string').zfill | __import__('sys').maxint | __import__('sys').exc_clear | __import__('itertools').ifilterfalse | __import__('collections').Sequence | __import__('types').StringType | __import__('types').NoneType | __import__('types').ObjectType
html.escape | html.parser.HTMLParser() | html.parser.HTMLParseError | html.entities.html5 | html.unescape | mimetypes.MimeTypes() | mimetypes.guess_file_type | rlcompleter.Completer | readline.backend | nturl2path.url2pathname | compression.zstd.ZstdError('x') | compression.zstd.Strategy.fast | compression.zstd.CompressionParameter.compression_level | compression.gzip.GzipFile | annotationlib.Format.VALUE | annotationlib.ForwardRef('x') | concurrent.interpreters.Queue | pathlib.types.PathInfo | string.templatelib.Interpolation | string.templatelib.Interpolation(1) | string.templatelib.Template('a') | sys.monitoring | sys.UnraisableHookArgs | sys.exception | os.pidfd_open | os.process_cpu_count | os.PathLike | os.fspath | os.getcwd | os.EX_OK | os.path.join | os.path.isreserved | posixpath.join | posixpath.walk | ntpath.join | genericpath.exists | os.errno | os.scandir | os.getrandom | warnings.deprecated | warnings.WarningMessage('a', UserWarning, 'f', 1) | warnings.warn | tempfile.TemporaryDirectory | nt.stat | winreg.HKEY_CLASSES_ROOT
"""

MODULES = """_codecs abc aifc annotationlib argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop
collections collections.abc colorsys compileall compression.gzip compression.zstd concurrent.futures concurrent.futures.process concurrent.futures.thread concurrent.interpreters configparser contextlib contextvars copy copyreg crypt csv ctypes curses
dataclasses datetime dbm dbm.sqlite3 decimal difflib dis distutils.core distutils.errors distutils.version doctest dummy_threading _dummy_thread email email.charset email.errors email.generator email.header email.headerregistry email.message email.mime.multipart email.mime.text email.policy email.utils email.MIMEText email.Utils
encodings.aliases encodings.cp65001 encodings.idna encodings.string_escape encodings.utf_8 ensurepip enum errno faulthandler filecmp fileinput fnmatch formatter fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac
html html.entities html.parser http http.client http.cookiejar http.cookies http.server imaplib imghdr imp importlib importlib.abc importlib.machinery importlib.metadata importlib.resources importlib.resources.abc importlib.util inspect io ipaddress itertools json json.decoder keyword
lib2to3.pgen2.token linecache locale logging lzma macpath macurl2path mailbox mailcap math mimetypes mmap msilib multiprocessing multiprocessing.context multiprocessing.pool netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev
parser pathlib pathlib.types pdb pickle pipes pkgutil platform plistlib poplib posixpath pprint profile pstats pwd py_compile queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver
spwd sqlite3 sqlite3.dbapi2 ssl stat statistics string string.templatelib struct subprocess sunau symbol symtable sys sysconfig tarfile telnetlib tempfile textwrap threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc turtle types typing
unittest unittest.mock urllib.error urllib.parse urllib.request urllib.robotparser uu uuid venv warnings wave weakref webbrowser winreg wsgiref.headers wsgiref.types wsgiref.util xdrlib xml.dom.minidom xml.etree.ElementTree xml.etree.cElementTree xml.sax xmlrpc.client zipapp zipfile zipfile._path zipimport zlib zoneinfo""".split()


def split(text):
    for line in text.strip().split("\n"):
        for part in line.split(" | "):
            part = part.strip()
            if part:
                yield part


def space():
    s = {}
    for name in MODULES:
        try:
            __import__(name)
        except Exception:
            continue
        top = name.split(".")[0]
        s[top] = sys.modules[top]
    return s


def u32(n):
    return struct.pack(str("<I"), n)


def written():
    """Pickles of Python 2's strings, of calls, names and opcodes, as they are written here."""
    # Byte strings of Python 2, in each opcode.
    for text in (b"", b"a", b"abc", b"caf\xc3\xa9", b"\xe9", b"\x80", b"\x7f", b"a" * 300, b"\xff" * 10):
        if len(text) < 256:
            emit("py2 SHORT_BINSTRING", b"\x80\x02U" + struct.pack(str("B"), len(text)) + text + b"q\x01.")
        emit("py2 BINSTRING", b"T" + u32(len(text)) + text + b".")
        emit("py2 in dict", b"\x80\x02}q\x00U\x01kU" + struct.pack(str("B"), len(text[:200])) + text[:200] + b"s.")
        emit("py2 in proto 4", b"\x80\x04T" + u32(len(text)) + text + b".")
        emit("py2 popped", b"NT" + u32(len(text)) + text + b"0.")
    for text in (b"''", b"'a'", b'"a\'b"', b"'\\xe9'", b"'caf\\xc3\\xa9'", b"'\\n'", b"'\\351'", b"'\xe9'", b"'\\q'", b"'a", b"a", b" 'a'", b"'a' ", b"'\\x4'", b"'\\x41'"):
        emit("py2 STRING", b"S" + text + b"\np0\n.")
    # Dates as each Python has written them.
    dates = [(b"datetime", s) for s in (b"\x07\xe8\x02\x1d\x0c\x1e\x2d\x01\xe2\x40", b"\x07\x08\x01\x01\x00\x00\x00\x00\x00\x00", b"\x07\x3a\x06\x07\x08\x09\x0a\x00\x00\x0b",
             b"\x07\x08\x81\x01\x00\x00\x00\x00\x00\x00", b"\x07\x08\x0d\x01\x00\x00\x00\x00\x00\x00", b"\x07\x08\x00\x01\x00\x00\x00\x00\x00\x00", b"\x07\x08\x01\x01\x00\x00\x00\x00\x00", b"\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00", b"\x07\x08\x02\x63\x63\x63\x63\x63\x63\x63")]
    dates += [(b"date", s) for s in (b"\x07\xe8\x02\x1d", b"\x07\x08\x01\x01", b"\x07\x3a\x0d\x01", b"\x07\x08\x01", b"\x07\x08\x02\x63")]
    dates += [(b"time", s) for s in (b"\x01\x02\x03\x00\x00\x04", b"\x81\x02\x03\x00\x00\x04", b"\x17\x3b\x3b\x0f\x42\x3f", b"\x18\x00\x00\x00\x00\x00", b"\x99\x00\x00\x00\x00\x00", b"\x01\x63\x63\x63\x63\x63", b"\x01\x02")]
    for cls, state in dates:
        n = struct.pack(str("B"), len(state))
        ends = [(b"\x85R.", "")]
        if cls != b"date":
            ends += [(b"N\x86R.", " None"), (b"cdatetime\ntzinfo\n)R\x86R.", " tz")]
        for end, with_ in ends:
            emit("date form str %s%s" % (cls.decode(), with_), b"\x80\x02cdatetime\n" + cls + b"\nU" + n + state + end)
            emit("date form bytes %s%s" % (cls.decode(), with_), b"\x80\x03cdatetime\n" + cls + b"\nC" + n + state + end)
            text = state.decode("latin-1").encode("utf-8")
            emit("date form text %s%s" % (cls.decode(), with_), b"\x80\x02cdatetime\n" + cls + b"\nX" + u32(len(text)) + text + end)
            emit("date form encode %s%s" % (cls.decode(), with_), b"\x80\x02cdatetime\n" + cls + b"\nc_codecs\nencode\nX" + u32(len(text)) + text + b"X\x06\x00\x00\x00latin1\x86R" + end)
        emit("date form bytearray", b"\x80\x05cdatetime\n" + cls + b"\n\x96" + struct.pack(str("<Q"), len(state)) + state + b"\x85R.")
    emit("date form ints", b"cdatetime\ndatetime\n(I2024\nI1\nI2\ntR.")
    emit("date form ints", b"cdatetime\ndatetime\n(I2024\nI13\nI2\ntR.")
    emit("date form ints", b"cdatetime\ndate\n(I2024\nI2\nI30\ntR.")
    emit("date form none", b"cdatetime\ndate\n)R.")
    emit("timedelta", b"cdatetime\ntimedelta\n(I1\nI2\nI3\ntR.")
    emit("timedelta over", b"cdatetime\ntimedelta\n(I1000000000\ntR.")
    emit("timedelta text", b"cdatetime\ntimedelta\n(V1\ntR.")
    # Digits.
    for n in (4299, 4300, 4301, 5000):
        emit("digits %d" % n, b"L" + b"9" * n + b"L\n.")
        emit("digits %d" % n, b"I" + b"9" * n + b"\n.")
        emit("digits -%d" % n, b"(lp0\nL-" + b"1" * n + b"L\na.")
        emit("digits int() %d" % n, b"c__builtin__\nint\n(V" + b"7" * n + b"\ntR.")
        emit("digits binary %d" % n, b"\x80\x02\x8b" + u32(n) + b"\x01" * n + b".")
    # Calls.
    for what, data in (
        ("encode", b"c_codecs\nencode\n(Vab\nVlatin1\ntR."), ("encode", b"c_codecs\nencode\n(Vab\nVutf-8\ntR."), ("encode", b"c_codecs\nencode\n(Vab\ntR."), ("encode", b"c_codecs\nencode\n(V\\u20ac\nVlatin1\ntR."),
        ("encode", b"c_codecs\nencode\n(Vab\nVnope\ntR."), ("encode", b"c_codecs\nencode\n(V\\u20ac\nVascii\ntR."), ("encode", b"c_codecs\nencode\n(C\x01aVlatin1\ntR."), ("encode", b"c_codecs\nencode\n(V\xe9\nVascii\nVreplace\ntR."), ("encode", b"c_codecs\nencode\n)R."), ("encode", b"c_codecs\nencode\n(K\x05Vlatin1\ntR."),
        ("encode", b"\x80\x02c_codecs\nencode\nX\x02\x00\x00\x00\xc3\xbfX\x06\x00\x00\x00latin1\x86R."), ("bytes", b"\x80\x02c__builtin__\nbytes\n)R."), ("bytes", b"\x80\x02cbuiltins\nbytes\n)R."),
        ("reconstructor", b"ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\nNtR."), ("reconstructor", b"ccopyreg\n_reconstructor\n(ccollections\nOrderedDict\nc__builtin__\ndict\n(dtR."), ("reconstructor", b"ccopy_reg\n_reconstructor\n(cdecimal\nDecimal\nc__builtin__\nobject\nNtR."), ("reconstructor", b"ccopy_reg\n_reconstructor\n(c__builtin__\nint\nc__builtin__\nint\nI5\ntR."), ("reconstructor", b"ccopy_reg\n_reconstructor\n(c__builtin__\nint\nc__builtin__\nobject\nNtR."), ("reconstructor", b"ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\ntR."),
        ("newobj", b"\x80\x02c__builtin__\nobject\n)\x81."), ("newobj", b"\x80\x02ccollections\nOrderedDict\n)\x81."), ("newobj", b"\x80\x02c__builtin__\nlen\n)\x81."), ("newobj", b"\x80\x02c__builtin__\nint\nU\x0212\x85\x81."), ("newobj_ex", b"\x80\x04\x8c\x08builtins\x8c\x06object\x93)}\x92."), ("newobj function", b"\x80\x02cos\ngetcwd\n)\x81."), ("newobj_ex int", b"\x80\x04\x8c\x08builtins\x8c\x03int\x93)}\x92."),
        ("getattr", b"c__builtin__\ngetattr\n(c__builtin__\nstr\nVupper\ntR."), ("getattr", b"cbuiltins\ngetattr\n(cbuiltins\nstr\nVnope\ntR."), ("getattr", b"cbuiltins\ngetattr\n(cdatetime\ndatetime\nVfromisoformat\ntR."), ("getattr", b"cbuiltins\ngetattr\n(cdatetime\ndatetime\nVmin\ntR."), ("getattr", b"cbuiltins\ngetattr\n(ccollections\nOrderedDict\nVfromkeys\ntR."), ("getattr", b"cbuiltins\ngetattr\n(cbuiltins\nint\nVbit_count\ntR."), ("getattr", b"cbuiltins\ngetattr\n(cbuiltins\nstr\nVremoveprefix\ntR."),
        ("inst", b"(idatetime\ndate\n."), ("inst", b"(lp0\n0(icollections\nOrderedDict\n."), ("inst", b"(I2024\nI1\nI2\nidatetime\ndate\n."), ("inst", b"(iUserDict\nUserDict\n."), ("obj", b"(cdatetime\ntimedelta\nI1\no."), ("obj", b"(ccollections\nOrderedDict\no."), ("obj", b"(c__builtin__\nobject\no."), ("obj", b"(c__builtin__\nlen\no."), ("inst", b"(istring\nTemplate\n."), ("inst", b"(icollections\nUserDict\n(dVdata\n(dsb."),
        ("ext", b"\x80\x02\x82\x01."), ("ext 0", b"\x80\x02\x82\x00."), ("persid", b"Pabc\n."), ("binpersid", b"Vabc\nQ."), ("buffer", b"\x80\x05\x97."), ("readonly", b"\x80\x05C\x01a\x98."), ("readonly", b"\x80\x05\x96\x01\x00\x00\x00\x00\x00\x00\x00a\x98."), ("readonly", b"\x80\x05K\x05\x98."), ("bytearray8 in 4", b"\x80\x04\x96\x01\x00\x00\x00\x00\x00\x00\x00a."), ("bytearray8 bare", b"\x96\x01\x00\x00\x00\x00\x00\x00\x00a."),
        ("proto 0", b"\x80\x00N."), ("proto 1", b"\x80\x01N."), ("proto 2", b"\x80\x02N."), ("proto 3", b"\x80\x03N."), ("proto 4", b"\x80\x04N."), ("proto 5", b"\x80\x05N."), ("proto 6", b"\x80\x06N."), ("proto 255", b"\x80\xffN."), ("late proto 5", b"\x80\x02N0\x80\x05N."), ("late proto 3", b"N0\x80\x03N."), ("memoize in 2", b"\x80\x02]\x94."), ("frame in 2", b"\x80\x02\x95\x02\x00\x00\x00\x00\x00\x00\x00N."), ("frame cut", b"\x80\x04\x95\x09\x00\x00\x00\x00\x00\x00\x00N."), ("short_binbytes in 2", b"\x80\x02C\x01a."), ("binbytes bare", b"B\x01\x00\x00\x00a."), ("short_binunicode in 3", b"\x80\x03\x8c\x01a."), ("binunicode8", b"\x80\x04\x8d\x01\x00\x00\x00\x00\x00\x00\x00a."), ("binbytes8", b"\x80\x04\x8e\x01\x00\x00\x00\x00\x00\x00\x00a."), ("empty_set in 3", b"\x80\x03\x8f."), ("additems", b"\x80\x04\x8f(K\x01\x90."), ("frozenset", b"\x80\x04(K\x01\x91."), ("stack_global in 2", b"\x80\x02X\x08\x00\x00\x00builtinsX\x03\x00\x00\x00len\x93."), ("stack_global in 2", b"\x80\x02X\x0b\x00\x00\x00__builtin__X\x06\x00\x00\x00xrange\x93."), ("newtrue bare", b"\x88."), ("long1 bare", b"\x8a\x01\x05."), ("tuple1 bare", b"N\x85."), ("binint bare", b"K\x05."), ("binfloat bare", b"G?\xf8\x00\x00\x00\x00\x00\x00."), ("binput bare", b"]q\x00."), ("negative long4", b"\x80\x02\x8b\xff\xff\xff\xff."),
        ("trailing", b"N.garbage"), ("empty", b""), ("cut", b"\x80\x04]"), ("no stop", b"N"), ("bare stop", b"."), ("unhashable", b"}(]K\x01u."), ("memo", b"g5\n."), ("unknown opcode", b"\x80\x04\xfe."), ("spare stack", b"NN."), ("bad utf-8", b"X\x01\x00\x00\x00\xff."), ("surrogate", b"X\x03\x00\x00\x00\xed\xa0\x80."), ("int text", b"I 5\n."), ("int octal", b"I010\n."), ("int hex", b"I0x1f\n."), ("long text", b"L5\n."), ("float text", b"F1_0\n."), ("float blank", b"F 1.5\n."), ("int 01", b"I01\n."), ("build none", b"K\x05Nb."), ("build dict", b"cbuiltins\nobject\n)R}Vx\nK\x01sb."), ("append to tuple", b")K\x01a."), ("not callable", b"K\x05)R."), ("args list", b"cbuiltins\nlist\n]R."), ("args none", b"cbuiltins\nlist\nNR."), ("int call", b"cbuiltins\nint\n(Vx\ntR."), ("list call", b"cbuiltins\nlist\n(K\x05tR."), ("too many", b"cbuiltins\nobject\n(K\x05tR."), ("keyword", b"cbuiltins\ndict\n((lV a\natR."),
        ("basestring", b"c__builtin__\nbasestring\n."), ("StandardError", b"cexceptions\nStandardError\n(Vx\ntR."), ("StandardError 3", b"\x80\x03cexceptions\nStandardError\n."), ("mapping off", b"\x80\x03c__builtin__\nlist\n."), ("mapping on", b"\x80\x02c__builtin__\nlist\n."), ("mapping 3", b"\x80\x03ccopy_reg\n_reconstructor\n."), ("mapping 4", b"\x80\x04\x8c\x06Cookie\x8c\x0cSimpleCookie\x93."), ("reduce", b"c__builtin__\nreduce\n."), ("izip", b"citertools\nizip\n."), ("imap 3", b"\x80\x03citertools\nimap\n."), ("dotted", b"\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.fromkeys\x93."), ("dotted in 2", b"ccollections\nOrderedDict.fromkeys\n."), ("dotted local", b"\x80\x04\x8c\x0bcollections\x8c\x08<locals>\x93."), ("dotted gone", b"\x80\x04\x8c\x0bcollections\x8c\x10OrderedDict.nope\x93."), ("dotted str", b"\x80\x04\x8c\x08builtins\x8c\x09str.upper\x93."), ("dotted new", b"\x80\x04\x8c\x08builtins\x8c\x10str.removeprefix\x93."), ("dotted class", b"\x80\x04\x8c\x08argparse\x8c\x18ArgumentParser.parse_args\x93."), ("no module", b"cno_such_module_here\nX\n."), ("no module below", b"cos.nothing\nX\n."), ("no name", b"ccollections\nNope\n."), ("empty name", b"ccollections\n\n."), ("empty module", b"c\nx\n."), ("no name 4", b"\x80\x04\x8c\x0bcollections\x8c\x04Nope\x93."), ("unused name", b"ccollections\nNope\n0N."), ("late name", b"N.ccollections\nNope\n."), ("stack_global int", b"\x80\x04K\x01\x8c\x01a\x93."),
        ("application", b"cmyapp.models\nThing\n."), ("application 2", b"\x80\x02cmyapp.models\nThing\n)\x81}b."),
    ):
        emit(what, data)


def names():
    """Classes and functions of every module of the standard library that this Python has under the names they are asked by."""
    listing = json_names()
    for module in sorted(listing):
        mod = sys.modules.get(module)
        if mod is None:
            continue
        for name in sorted(vars(mod)):
            v = vars(mod)[name]
            if name.startswith("__") or not isinstance(v, (type, types.FunctionType, types.BuiltinFunctionType) if not PY2 else (type, types.ClassType, types.FunctionType, types.BuiltinFunctionType)):
                continue
            if isinstance(v, type):
                try:
                    known = issubclass(v, BaseException) and v.__module__ == module
                except Exception:
                    continue
                if known:
                    try:
                        dump("exception %s.%s" % (module, name), v(str("x")), (2, pickle.HIGHEST_PROTOCOL))
                    except Exception:
                        pass
                members = getattr(v, "__members__", None)
                if isinstance(members, (dict, getattr(types, "MappingProxyType", dict))) and members and v.__module__ in (module, "_" + module):
                    for key in list(members)[:2]:
                        dump("member %s.%s.%s" % (module, name, key), members[key], (2, pickle.HIGHEST_PROTOCOL))
            if getattr(v, "__module__", None) == module:
                dump("name %s.%s" % (module, name), v, (2, pickle.HIGHEST_PROTOCOL))


def json_names():
    return [m for m in list(sys.modules) if m.split(".")[0] not in ("__main__", "pip", "setuptools", "site", "sitecustomize", "test", "encodings") and sys.modules[m] is not None]


def main():
    for what in split(PLAIN):
        try:
            value = eval(compile(what, "<plain>", "eval"), {})
        except Exception:
            continue
        dump(what[:60], value)
    s = space()
    for what in split(OBJECTS):
        try:
            value = eval(compile(what, "<object>", "eval"), dict(s))
        except Exception:
            continue
        dump(what[:80], value)
    if PY2:
        for what in ("str('abc')", "str('caf\\xc3\\xa9')", "{str('k'): str('v')}", "[str('\\xff')]"):
            dump(what, eval(what.replace("str(", "bytes(b").replace("(b'", "(b'")))
    names()
    written()


main()
