package pyobj

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"strconv"
	"strings"
)

// charNames is made by scripts/gen_charnames.py, which tells its form.
//
//go:embed charnames.txt.gz
var charNames []byte

// charByName finds the character that \N{name} means in Python: by its name or
// an alias of Unicode 14, in any case, but not by the name of a sequence. Names
// that are computed from the code point are found in upper case only, as in
// Modules/unicodedata.c.
//
// The list is read through each time: such escapes are rare in what people
// type, and an index would stay in memory for good.
func charByName(name string) (rune, bool) {
	if syllable, ok := strings.CutPrefix(name, "HANGUL SYLLABLE "); ok {
		return hangulByName(syllable)
	}
	if hex, ok := strings.CutPrefix(name, "CJK UNIFIED IDEOGRAPH-"); ok {
		return ideographByName(hex)
	}
	upper := strings.ToUpper(name)
	if len(upper) != len(name) {
		return 0, false // not ASCII
	}
	z, err := gzip.NewReader(bytes.NewReader(charNames))
	if err != nil {
		panic("pyobj: charnames.txt.gz: " + err.Error())
	}
	c := int64(-1)
	for s := bufio.NewScanner(z); s.Scan(); {
		line := s.Bytes()
		c++
		if line[0] == '@' {
			hex, rest, _ := bytes.Cut(line[1:], []byte{' '})
			line = rest
			if c, err = strconv.ParseInt(string(hex), 16, 32); err != nil {
				panic("pyobj: charnames.txt.gz: " + err.Error())
			}
		}
		if string(line) == upper {
			return rune(c), true
		}
	}
	return 0, false
}

// ideographs are the ranges of CJK unified ideographs in Unicode 14.
var ideographs = [...][2]rune{{0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0x20000, 0x2a6df}, {0x2a700, 0x2b738}, {0x2b740, 0x2b81d}, {0x2b820, 0x2cea1},
	{0x2ceb0, 0x2ebe0}, {0x30000, 0x3134a}}

func ideographByName(hex string) (rune, bool) {
	if len(hex) != 4 && len(hex) != 5 || strings.Trim(hex, "0123456789ABCDEF") != "" {
		return 0, false
	}
	v, _ := strconv.ParseInt(hex, 16, 32)
	for _, r := range ideographs {
		if r[0] <= rune(v) && rune(v) <= r[1] {
			return rune(v), true
		}
	}
	return 0, false
}

// The letters that the names of Hangul syllables are made of (The Unicode
// Standard, section 3.12): initial consonants, vowels, final consonants.
var (
	hangulInitial = strings.Split("G GG N D DD R M B BB S SS  J JJ C K T P H", " ")
	hangulVowel   = strings.Split("A AE YA YAE EO E YEO YE O WA WAE OE YO U WEO WE WI YU EU YI I", " ")
	hangulFinal   = strings.Split(" G GG GS N NJ NH D L LG LM LB LS LT LP LH M B BS S SS NG J C K T P H", " ")
)

func hangulByName(syllable string) (rune, bool) {
	r := rune(0)
	for _, letters := range [][]string{hangulInitial, hangulVowel, hangulFinal} {
		longest := -1
		for i, l := range letters {
			if strings.HasPrefix(syllable, l) && (longest < 0 || len(l) > len(letters[longest])) {
				longest = i
			}
		}
		if longest < 0 {
			return 0, false
		}
		syllable = syllable[len(letters[longest]):]
		r = r*rune(len(letters)) + rune(longest)
	}
	return 0xac00 + r, syllable == ""
}
