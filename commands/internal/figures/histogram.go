package figures

import "math/bits"

// sizeOf is the number of the power of two at which the bucket of a size begins, and one
// more; 0 is that of no bytes.
func sizeOf(n int64) uint32 { return uint32(bits.Len64(uint64(max(0, n)))) }

// sizeFrom is the least size of a bucket.
func sizeFrom(bucket uint32) int64 {
	if bucket == 0 {
		return 0
	}
	return 1 << (bucket - 1)
}

// Milliseconds.
const (
	minute = 60_000
	hour   = 60 * minute
	day    = 24 * hour
)

// terms end the buckets of what is left of an expiry; behind the last one there is no
// end, and then what never expires.
var terms = [...]int64{minute, 10 * minute, hour, 6 * hour, day, 7 * day, 30 * day, 365 * day}

// never is the bucket of what never expires.
const never = uint32(len(terms) + 1)

// termOf is the bucket of an entry that has so many milliseconds left; below 0: for ever.
func termOf(ttl int64) uint32 {
	if ttl < 0 {
		return never
	}
	for i, end := range terms {
		if ttl < end {
			return uint32(i)
		}
	}
	return uint32(len(terms))
}
