package pyobj

import (
	"math"
	"math/big"
	"math/bits"
)

// The hashes of CPython that do not depend on the run: those of numbers and of
// tuples of them (Objects/longobject.c, Python/pyhash.c, Objects/tupleobject.c
// of 3.8 and later, 64-bit builds). They decide in which order a set literal
// iterates and so how it is pickled.

const (
	hashBits    = 61
	hashModulus = 1<<hashBits - 1
	hashInf     = 314159
	hashImag    = 1000003
)

// hashInt is the hash of an int: its value modulo 2^61-1, with its sign.
func hashInt(n *big.Int) int64 {
	m := new(big.Int).Rem(n, big.NewInt(hashModulus)).Int64()
	if m == -1 {
		return -2
	}
	return m
}

// hashFloat is the hash of a float that is not NaN: that of the equal int or
// fraction.
func hashFloat(f float64) int64 {
	if math.IsInf(f, 0) {
		return int64(math.Copysign(hashInf, f))
	}
	m, e := math.Frexp(math.Abs(f))
	var x uint64
	for m != 0 {
		x = x<<28&hashModulus | x>>(hashBits-28)
		m *= 1 << 28
		e -= 28
		y := uint64(m)
		m -= float64(y)
		if x += y; x >= hashModulus {
			x -= hashModulus
		}
	}
	if e >= 0 {
		e %= hashBits
	} else {
		e = hashBits - 1 - (-1-e)%hashBits
	}
	x = x<<e&hashModulus | x>>(hashBits-e)
	h := int64(x)
	if f < 0 {
		h = -h
	}
	if h == -1 {
		return -2
	}
	return h
}

// hashComplex is the hash of a complex without NaN.
func hashComplex(re, im float64) int64 {
	h := int64(uint64(hashFloat(re)) + hashImag*uint64(hashFloat(im)))
	if h == -1 {
		return -2
	}
	return h
}

// hashTuple combines the hashes of the items as xxHash does.
func hashTuple(items []int64) int64 {
	const prime1, prime2, prime5 = 11400714785074694791, 14029467366897019727, 2870177450012600261
	acc := uint64(prime5)
	for _, h := range items {
		acc += uint64(h) * prime2
		acc = bits.RotateLeft64(acc, 31) * prime1
	}
	acc += uint64(len(items)) ^ (prime5 ^ 3527539)
	if acc == math.MaxUint64 {
		return 1546275796
	}
	return int64(acc)
}

// setOrder returns the order in which a CPython set iterates over distinct
// elements that were added one by one, given their hashes: the layout of the
// open-addressing table in Objects/setobject.c.
func setOrder(hashes []int64) []int {
	table := make([]int, 8) // index of the element plus 1, 0 for an empty slot
	for i, h := range hashes {
		setInsert(table, i+1, h)
		used := i + 1
		if used*5 < (len(table)-1)*3 {
			continue
		}
		wanted := used * 4
		if used > 50000 {
			wanted = used * 2
		}
		size := 8
		for size <= wanted {
			size *= 2
		}
		old := table
		table = make([]int, size)
		for _, e := range old {
			if e > 0 {
				setInsert(table, e, hashes[e-1])
			}
		}
	}
	order := make([]int, 0, len(hashes))
	for _, e := range table {
		if e > 0 {
			order = append(order, e-1)
		}
	}
	return order
}

// setInsert puts an element into the first free slot of its probe sequence:
// runs of ten neighbouring slots, as long as they do not pass the end.
func setInsert(table []int, element int, hash int64) {
	const linear, shift = 9, 5
	mask := uint64(len(table) - 1)
	perturb := uint64(hash)
	i := perturb & mask
	for {
		run := uint64(0)
		if i+linear <= mask {
			run = linear
		}
		for j := i; j <= i+run; j++ {
			if table[j] == 0 {
				table[j] = element
				return
			}
		}
		perturb >>= shift
		i = (i*5 + 1 + perturb) & mask
	}
}
