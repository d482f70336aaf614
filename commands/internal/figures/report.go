package figures

import (
	"cachering/commands/internal/ui"
)

// KeyStyle says how keys stand in a report.
type KeyStyle string

// The styles.
const (
	Shown  KeyStyle = "shown"
	Folded KeyStyle = "folded" // by Fold
	Hashed KeyStyle = "hashed" // the first 16 hexadecimal digits of their SHA-256
)

// Report is all figures, as one document: what is printed, as JSON or in tables, is
// printed from it.
type Report struct {
	Schema      int      `json:"schema"`
	Command     string   `json:"command"`
	Cache       string   `json:"cache"`
	Ended       string   `json:"ended"` // done, signal, shard_lost
	Interrupted bool     `json:"interrupted"`
	Elapsed     int64    `json:"elapsed_ms"`
	Keys        KeyStyle `json:"keys"`
	Sample      *Sample  `json:"sample"` // null: every entry was looked at

	Figures
	Types       []Counted   `json:"other_types"` // keys of the cache that hold no string
	Foreign     *Foreign    `json:"foreign"`     // null where it was not looked for, as with a pattern
	Locks       *Side       `json:"locks"`       // null where they were not looked at, as in a sample
	Markers     *Side       `json:"markers"`     // likewise
	Compression Compression `json:"compression"`
	Memory      Usage       `json:"memory"`
	Servers     []Server    `json:"servers"`
	Imbalance   Imbalance   `json:"imbalance"`
	By          *Groups     `json:"by"`
	Security    *Security   `json:"security"` // null where nothing is forbidden
}

// Sample says what the figures are an estimate from.
type Sample struct {
	Entries int64 `json:"entries"` // that were looked at
	Of      int64 `json:"of"`      // entries there are, about
	// Head: the keys were those that SCAN gives first, as the servers allow no other.
	Head bool `json:"head"`
}

// Count is how many entries have something in common. In a sample numbers are estimates
// of all, and the true one is within the margin to each side, 95 of 100 times.
type Count struct {
	Entries       int64   `json:"entries"`
	Bytes         int64   `json:"bytes"` // stored
	Share         float64 `json:"share"` // of all entries
	EntriesMargin *int64  `json:"entries_margin,omitempty"`
	BytesMargin   *int64  `json:"bytes_margin,omitempty"`
}

// Row is a count with the name of what is counted.
type Row struct {
	Name ui.Bytes `json:"name"`
	Count
}

// Figures are those of the whole cache, or of a group.
type Figures struct {
	Count
	Mean       float64   `json:"mean_bytes"`
	Persistent Count     `json:"persistent"`
	Python2    Count     `json:"python2_strings"` // that hold byte strings of Python 2
	Largest    []Large   `json:"largest"`         // of a group the one that is
	Codecs     []Row     `json:"codecs"`
	Damaged    []Row     `json:"damaged"`
	Areas      []AreaRow `json:"areas"`
	Prefixes   Prefixes  `json:"prefixes"` // of a group those by which figures are cut, flat
	Sizes      []Size    `json:"sizes"`
	Expiries   []Expiry  `json:"expiries"`
	Classes    Named     `json:"classes"`
	Models     Named     `json:"models"`
	Djangos    []Row     `json:"django_versions"`
	Versions   []Row     `json:"versions"`
	Shards     []Row     `json:"shards"`
	// Left are entries of a group that no row of a section is of, as there were too many
	// rows, by section.
	Left map[string]int64 `json:"left,omitempty"`
}

// Large is a large entry.
type Large struct {
	Shard string   `json:"shard"`
	Key   ui.Bytes `json:"stored_key"`
	Bytes int64    `json:"bytes"`
	TTL   *int64   `json:"ttl_ms"` // null: it never expires
}

// AreaRow is the entries of an area.
type AreaRow struct {
	Row
	Title string `json:"title"`
	Loss  string `json:"loss"`  // what it is to delete them
	Means string `json:"means"` // in words; "" where there is nothing to say
}

// Size is the entries of a size, from and below so many bytes.
type Size struct {
	From  int64 `json:"from"`
	Below int64 `json:"below"`
	Count
}

// Expiry is the entries that have a time left.
type Expiry struct {
	Name  string `json:"name"`
	From  *int64 `json:"from_ms"`  // null: it never expires
	Below *int64 `json:"below_ms"` // null: any time more
	Count
}

// Others are what is in no row of its own.
type Others struct {
	// Distinct is how many different ones they are, of those that were told apart.
	Distinct int64 `json:"distinct"`
	Count
}

// Named are classes, or models. What names several is counted in each of their rows.
type Named struct {
	Distinct int64     `json:"distinct"`
	Rows     []Example `json:"rows"`
	Others   *Others   `json:"others"`
}

// Example is a class with the key of a pickle that names it.
type Example struct {
	Row
	Key *ui.Bytes `json:"example,omitempty"`
}

// Prefixes are those on one level of the tree.
type Prefixes struct {
	Rows   []Prefixed `json:"rows"`
	Others *Others    `json:"others"`
}

// Prefixed is the entries whose keys begin alike.
type Prefixed struct {
	Row
	Mean       float64   `json:"mean_bytes"`
	Largest    int64     `json:"largest_bytes"`
	Persistent float64   `json:"persistent_share"`
	Below      *Prefixes `json:"below,omitempty"`
}

// Counted is a number of keys.
type Counted struct {
	Name string `json:"name"`
	Keys int64  `json:"keys"`
}

// Foreign is the keys that are none of the cache.
type Foreign struct {
	Keys       int64     `json:"keys"` // of no cache in the file
	Types      []Counted `json:"types"`
	Areas      []Counted `json:"areas"`
	Neighbours []Counted `json:"neighbours"` // of other caches in the file
}

// Side is the locks, or the freshness markers.
type Side struct {
	Keys       int64  `json:"keys"`
	Persistent int64  `json:"without_expiry"`
	Orphaned   *int64 `json:"orphaned,omitempty"` // markers whose entry is gone
}

// Compression is what compressors would save.
type Compression struct {
	Rows []Saving `json:"rows"`
}

// Saving is what they would save of the entries under a prefix, of which so many were
// compressed to see. Entries that the library stores as numbers are left out.
type Saving struct {
	Name    ui.Bytes        `json:"prefix"`
	Entries int64           `json:"entries"`
	Bytes   int64           `json:"bytes"`
	Sampled int             `json:"sampled"`
	By      map[string]Gain `json:"by"`
}

// Gain is what one compressor makes of each stored byte, the true figure within the
// margin, and how much is saved so of all.
type Gain struct {
	Ratio  float64 `json:"ratio"`
	Margin float64 `json:"ratio_margin"`
	Saved  int64   `json:"saved_bytes"`
}

// Usage is the memory that entries take, by MEMORY USAGE of some.
type Usage struct {
	Sampled int   `json:"sampled"`
	Bytes   int64 `json:"bytes"` // of all entries, keys and what the server needs besides included
	Margin  int64 `json:"bytes_margin"`
}

// Server is a shard.
type Server struct {
	Shard   string  `json:"shard"`
	Entries int64   `json:"entries"`
	Bytes   int64   `json:"bytes"`
	Memory  Usage   `json:"memory"`
	Used    *int64  `json:"used_memory"` // of the server, whoever's it is; null where it does not tell
	Err     *string `json:"error"`
}

// Imbalance is how much more the fullest shard has than shards have on average: 1 is
// as much.
type Imbalance struct {
	Entries float64 `json:"entries"`
	Bytes   float64 `json:"bytes"`
	Memory  float64 `json:"memory"`
}

// Groups are the figures cut by a property.
type Groups struct {
	What     Cut     `json:"what"`
	Distinct int64   `json:"distinct"`
	Rows     []Group `json:"rows"`
	Others   *Others `json:"others"`
}

// Group is the figures of one value of the property; that of entries which have none
// is null.
type Group struct {
	Name *ui.Bytes `json:"name"`
	Figures
}

// Security is what is not to be named.
type Security struct {
	Rules    []string    `json:"rules"`
	Entries  int64       `json:"entries"` // that name any
	Names    int64       `json:"names"`
	Listed   []Forbidden `json:"listed"`
	Unlisted int64       `json:"unlisted"` // names beyond those that are listed
}

// Forbidden is a name that is not to be there.
type Forbidden struct {
	Shard  string   `json:"shard"`
	Key    ui.Bytes `json:"stored_key"`
	Name   ui.Bytes `json:"name"`
	Offset int64    `json:"offset"`
	Where  string   `json:"where"`
	Rule   string   `json:"rule"`
}
