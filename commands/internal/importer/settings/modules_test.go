package settings

// modules are settings as people write them, and worse. Python is asked what each
// name is; those after "unknown:" may not be told.
const modules = `# strings
a = 'one' "two" '''three''' """four"""
b = r'\n\d' '\n\x41\u00e9\u2014\101'
c = u'text' U"more"
d = b'bytes'
e = 'it''s'
f = ('redis://'
     'host' # a comment
     ':6379')
g = 'a\
b'
h = '''a "quoted" 'text'
and a line'''
i = "é ü 漢字"
j = '''it's "both" kinds'''
=====
# numbers
a = 60 * 60 * 24
b = 1_000_000
c = 0x10 + 0o17 + 0b11
d = -5 // 2, -5 % 3, 5 // -2, 5 % -3, 7 / 2, 2 ** 10, 2 ** -1
e = 1.5e3 + .5 + 5.
f = 1 << 4 | 3 ^ 1 & 7
g = ~5, +3, - -4
h = -7.5 // 2, -7.5 % 2, 7.5 % -2
i = True + True, True & False
j = 0, 00, 1if True else 2
k = int('42'), int(' -7 '), int(3.9), int(-3.9), float('1.5'), bool(''), bool('x'), int('1_0'), int(True)
=====
# unknown: a b c
a = '\N{EM DASH}'
b = 'x' u'\N{BULLET}'
c = f'\N{BULLET}{a}{{' '}'
d = r'\N{x}', '\\N{x}', rf'\N{1}'
e = 'the rest'
=====
# unknown: a b c
a = 10 ** 40
b = 3 + 4j
c = 1 / 0 if False else 2 ** 500
=====
# formats
host, port, db = 'h', 6379, 1
a = 'redis://%s:%d/%d' % (host, port, db)
b = '%(h)s-%(p)s' % {'h': host, 'p': port}
c = 'redis://{}:{}/{}'.format(host, port, db)
d = '{0}{1}{0}'.format('x', 'y')
e = '{h}:{p:05d}'.format(h=host, p=port)
f = f'redis://{host}:{port}/{db + 1}'
g = f'{host!r} {port!s} {{literal}} {port:>8} {host:*<5} {port:08d}'
h = f"{'a' + 'b'}{{}}" 'plain {x}' f'{db}'
i = '%5s|%-5s|%05d|%%|%r' % ('a', 'b', 7, 'q')
j = f'''{
    host
}:{port}'''
k = '{d[key]} {l[0]}'.format(d={'key': 1}, l=['z'])
l = f'{host=} {port = }'
m = 'x' 'y' % () if False else '%s' % 'one'
n = f"{'nested %s' % host:>12}"
o = f'{db:{port - 6370}d}'
p = rf'\d{host}\n'
q = f'\u2022{host}'
r = ','.join(['a', 'b']) + ','.join(h for h in ('c', 'd'))
=====
# containers
a = [1, 'two', None, True, (3, 4), {'k': [5]}]
b = {'x': 1, 'y': {'z': 2}}
c = {**b, 'x': 3, **{'w': 4}}
d = dict(b, x=9, v=0)
e = dict([('a', 1), ('b', 2)])
f = [*a[:2], *(7, 8)]
g = a[-1]['k'][0], a[1:3], 'abc'[1:], 'abc'[-1]
h = {'s', 't', 's'}
i = ()
j = (1,)
k = [] + [1] * 3 + list((2, 3))
l = b | {'x': 0}
m = b['y']['z'], b.get('x'), b.get('q'), b.get('q', 5)
n = len(a), 'x' in b, 5 not in [1, 2], 1 < 2 < 3, 1 == 1.0, None is None
o = sorted({'b', 'a'}), list(range(3)), list(range(5, 1, -2)), tuple('ab')
p = [x * 2 for x in range(4) if x % 2], {k: v for k, v in b.items() if k == 'x'}
q = ['10.0.0.%d:6379' % n for n in range(1, 4)]
r = [(x, y) for x in 'ab' for y in (1, 2)]
s = 'a,b , c'.split(','), ' x '.strip(), 'A'.lower(), 'a'.upper(), 'abc'.replace('b', 'x'), 'abc'.startswith('ab')
=====
# names, aliasing and changes in place
BASE = {'OPTIONS': {'A': 1}}
CACHES = {'default': BASE, 'copy': dict(BASE), 'deep': None}
import copy
CACHES['deep'] = copy.deepcopy(BASE)
BASE['OPTIONS']['A'] = 2
BASE['TIMEOUT'] = 5
CACHES['default']['OPTIONS']['B'] = 3
CACHES['new'] = {}
CACHES['new'].update({'X': 1}, Y=2)
CACHES.update(other={'Z': 1})
CACHES.setdefault('set', {})['V'] = 1
del CACHES['copy']
LIST = ALIAS = [1]
LIST += [2]
ALIAS.append(3)
ALIAS.insert(0, 0)
N = 1
N += 2
TEXT = 'a'
TEXT += 'b'
x = y = 5
(p, q), r = (1, 2), 3
popped = BASE.pop('TIMEOUT')
missing = BASE.pop('MISSING', 'none')
T: int = 7
U: str
if (W := 3) > 2: V = W
=====
# control flow
DEBUG = False
if DEBUG:
    A = 1
elif not DEBUG and 1:
    A = 2
else:
    A = 3
for i in range(3):
    B = i
else:
    C = 'done'
D = {}
for name, n in (('a', 1), ('b', 2)):
    D[name] = {'db': n}
try:
    E = 1
except ImportError:
    pass
finally:
    F = 2
G = 1 if DEBUG else 2
H = DEBUG or 'text'
I = '' or None or 0
J = 'x' and 'y'
def function(x, *, y=1) -> int:
    return {'CACHES': 1}
class Class(object):
    CACHES = 1
@property
def other(self):
    pass
with open('/dev/null'): K = 1
if True: L = 1; M = 2
assert L
=====
# unknown: handle data A B C D E G
import os, socket
with open('/dev/null') as handle:
    data = handle.read()
A = socket.gethostname()
B = os.environ.get('HOME_OF_NOBODY')
C = B is None
if B:
    D = 1
else:
    D = 2
    E = 3
E = [1]
E.sort()
F = (lambda: 1)()
G = {'a': len(data)}['a']
=====
# unknown: A B
import os
if os.environ.get('NOT_SET'):
    A = 1
    B = {'x': 1}
else:
    A = 2
    B = {}
C = {'k': 1}
while not C:
    C = {}
D = {'known': 1}
=====
# the environment
import os
from os import environ, getenv as g
import os as system
A = os.environ.get('A', 'a')
B = environ.get('B', 'b')
C = g('C', 'c')
D = system.getenv('D', 5)
E = os.environ.get('E') or 'e'
F = int(os.environ.get('F', '12')) * 2
G = os.environ.get('G', 'False') == 'True'
H = 'redis://' + os.getenv('H', 'host') + ':6379'
I = os.getenv('I', 'x,y').split(',')
if os.environ.get('DEBUG', '0') == '1':
    J = 1
else:
    J = 2
K = os.environ.get('K', None)
L = os.path.join('/var', 'run', os.getenv('L', 'redis.sock'))
from datetime import timedelta
import datetime
M = int(timedelta(hours=1, minutes=30).total_seconds())
N = datetime.timedelta(days=1).total_seconds()
=====
# unknown: A B
A = {'x': 1}
def change(d): d['x'] = 2
change(A)
B = [1]
B.reverse()
C = {'x': 1}
print(C, len(C))
=====
# lambdas
A = {**(lambda: {'y': 2})(), 'x': 1}
B = dict(x=1)
=====
# odd lines
# -*- coding: utf-8 -*-
if 1:
	A = 1 # a tab
	if 2:
	    B = 2

C = [
  1,
# a comment at the margin
  2,
]; D = 4
E = 1 + \
    2
match = 1
type = 2
F = match + type
print(F); case = 3
match F:
    case 3: pass
    case {"a": [1, 2]} if F: pass
    case _:
        pass
G = {'a': 1,}['a'] if {'a': 1} else [x for x in ()]
async def later():
    await x
    async for y in z: pass
global H
H = 0
lambda a, b={1: 2}, *c: a if b else c
I = not 1 in [2]
x = [1, 2, 3]
x[0], x[1] = 5, 6
J = x[::1] if False else x
`
