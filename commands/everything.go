package commands

import (
	"strings"

	"github.com/urfave/cli/v2"

	"cachering/ring"
)

// probes are keys that have next to nothing in common: a pattern that selects all of
// them selects everything, however it is written.
var probes = [...]string{"aaaaaaaaaa", "ZZZZZZZZZZZZ", "0123456789", "::::::::::", "__________", "..........", "----------",
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "          ", "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe", "/?#[]@!$&'()*+,;=%", "ключключ", "xq7xq7xq7xq7xq7"}

// allFlag is for commands whose pattern may select everything.
func (o *keyOptions) allFlag() cli.Flag {
	return &cli.BoolFlag{Name: "all", Destination: &o.all,
		Usage: "go on where the pattern selects everything and no filter says less"}
}

// narrow refuses a pattern that selects everything, unless a filter narrows it, --all
// says that it is meant, or nothing is changed.
func (b *bulk) narrow(pattern string, o *keyOptions) error {
	if o.all || b.where.Asks() || !o.everything(b.cache.Keyspace, b.cache.Version, pattern) {
		return nil
	}
	if b.o.dryRun {
		b.s.ui.Note("the pattern selects everything: without --dry-run the run would be refused, unless --all is given")
		return nil
	}
	return refusef(refusedEverything, "the pattern selects everything: every key of a version, or of the cache").
		hinting("--all goes ahead; cachering clear deletes the whole cache, clear --version N a version")
}

// everything reports whether a pattern selects every key, of one version at least.
func (o *keyOptions) everything(space ring.Keyspace, version int64, pattern string) bool {
	if strings.Trim(pattern, "*?") == "" && strings.Contains(pattern, "*") {
		return true
	}
	for _, probe := range probes {
		if o.stored {
			probe = space.Stored(probe, version)
		}
		if !ring.Match([]byte(pattern), []byte(probe)) {
			return false
		}
	}
	return true
}
