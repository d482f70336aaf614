#!/usr/bin/python3
"""What NumPy pickles, for testdata/pickle/numpy.jsonl.gz.

    gen_numpy.py > numpy.jsonl && gzip -9n numpy.jsonl

A line for each value and protocol: the expression, the pickle in base64, and what cachering shows of it, which says the elements
as tolist() has them. The file was made with NumPy 1.24.2 on CPython 3.11 (Debian's python3-numpy), and once more under the
module names that NumPy 2 has for the same pickles.
"""
import base64
import json
import pickle

import numpy as np

ARRAYS = [
    "np.array([1, 2, 3])", "np.array([[1.5, 2], [3, 4]])", "np.asfortranarray([[1, 2, 3], [4, 5, 6]])", "np.array(5)", "np.array([], dtype='f4')",
    "np.array([True, False])", "np.array(['a', 'bc', 'é'])", "np.array([b'a', b'bc'])", "np.array([None, 'x', [1]], dtype=object)",
    "np.array([1, -2], dtype='>i4')", "np.array([0, 255], dtype='u1')", "np.array([-1], dtype='i1')", "np.array([2**63], dtype='u8')",
    "np.array([0.5, 1.0], dtype='f2')", "np.array([0.1, 1e-7, 16777216], dtype='f4')", "np.array([1 + 2j])", "np.arange(24).reshape(2, 3, 4)",
    "np.array([float('nan'), float('inf'), -0.0])", "np.zeros((0, 3))", "np.arange(6, dtype='>i2').reshape(3, 2).T",
]
SCALARS = ["np.float64(1.5)", "np.float32(0.1)", "np.int32(7)", "np.uint8(200)", "np.complex128(1 + 2j)", "np.str_('x')", "np.bytes_(b'x')"]
WANT = {
    "np.bool_(True)": "np.True_",
    "np.dtype('int64')": "dtype('int64')",
    "np.dtype('M8[ms]')": "dtype('datetime64[ms]')",
    "np.dtype('>f4')": "dtype('>f4')",
    "np.datetime64('2024-02-29')": "np.datetime64('2024-02-29')",
    "np.datetime64('1969-12-31T23:59:59.999')": "np.datetime64('1969-12-31T23:59:59.999')",
    "np.timedelta64(5, 'D')": "np.timedelta64(5,'D')",
    "np.array(['2024-01-01', 'NaT', '1066-10-14'], dtype='M8[D]')": "array(['2024-01-01', 'NaT', '1066-10-14'], dtype=datetime64[D], shape=(3,))",
    "np.array(['2024-01-01T01:02:03', '1999'], dtype='M8[ns]')": "array(['2024-01-01T01:02:03.000000000', '1999-01-01T00:00:00.000000000'], dtype=datetime64[ns], shape=(2,))",
    "np.array(['2024-05', '1960-12'], dtype='M8[M]')": "array(['2024-05', '1960-12'], dtype=datetime64[M], shape=(2,))",
    "np.array([1, 2], dtype='m8[s]')": "array([1, 2], dtype=timedelta64[s], shape=(2,))",
    "np.array([(1, 2.5)], dtype=[('a', 'i4'), ('b', 'f8')])": "array(<12 bytes>, dtype=V12, shape=(1,))",
    "np.array([0.1], dtype='longdouble')": "array(<16 bytes>, dtype=float128, shape=(1,))",
}
NAMES = {"f4": "float32", ">i4": ">i4", ">i2": ">i2"}


def shown(value):
    if not isinstance(value, np.ndarray):
        kind = type(value).__name__
        return "np.%s(%s)" % (kind, str(value) if kind not in ("str_", "bytes_") else repr(value.item()))
    name = value.dtype.str.lstrip("|") if value.dtype.kind in "US" or value.dtype.str[0] == ">" else value.dtype.name
    digits = value.tolist()
    if value.dtype.name == "float32" and value.size:
        items = "[" + ", ".join(str(v) for v in value) + "]"
    else:
        items = repr(digits) if value.size else "[]"
    return "array(%s, dtype=%s, shape=%r)" % (items, name, value.shape)


def main():
    for text in ARRAYS + SCALARS + list(WANT):
        value = eval(text)
        want = WANT.get(text) or shown(value)
        for protocol in range(6):
            data = pickle.dumps(value, protocol)
            for new in (False, True):
                if new and protocol < 3:
                    data = data.replace(b"cnumpy.core.", b"cnumpy._core.")
                elif new:
                    continue
                print(json.dumps({"name": "%s at protocol %d" % (text, protocol), "in": base64.b64encode(data).decode(), "shown": want}))


main()
