package pyobj

import (
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// python runs a program and returns the lines that it prints.
func python(t *testing.T, program string) []string {
	t.Helper()
	return pythonInput(t, program, "")
}

func pythonInput(t *testing.T, program, input string) []string {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "-c", program)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("this test compares with CPython: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// Every code point, surrogates included, is escaped or not as CPython does.
func TestPrintable(t *testing.T) {
	runs := python(t, `
last, begin = chr(0).isprintable(), 0
for c in range(1, 0x110001):
    now = c < 0x110000 and chr(c).isprintable()
    if now != last or c == 0x110000:
        print(begin, c, int(last))
        last, begin = now, c
`)
	seen := rune(0)
	for _, run := range runs {
		f := strings.Fields(run)
		begin, _ := strconv.Atoi(f[0])
		end, _ := strconv.Atoi(f[1])
		for c := rune(begin); c < rune(end); c++ {
			if isPrintable(c) != (f[2] == "1") {
				t.Errorf("isPrintable(%U) = %v", c, isPrintable(c))
			}
			seen++
		}
	}
	if seen != 0x110000 {
		t.Errorf("%#x code points compared", seen)
	}
}

func TestAppendFloat(t *testing.T) {
	floats := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1.5, 100, 1e15, 9999999999999998, 1e16, 1.5e16, 123456789012345680, 1e22, 1e100, 1e-4, 0.00012, 9.9e-5, 1e-5,
		5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1.0 / 3, 1e23, math.Pi * 1e20, math.Inf(1), math.Inf(-1), math.NaN()}
	for i := range 3000 {
		floats = append(floats, math.Float64frombits(uint64(i)*0x9e3779b97f4a7c15))
	}
	var program strings.Builder
	program.WriteString("import struct\nfor b in (")
	for _, f := range floats {
		program.WriteString(strconv.FormatUint(math.Float64bits(f), 10) + ",")
	}
	program.WriteString("): print(repr(struct.unpack('d', struct.pack('Q', b))[0]))")
	for i, want := range python(t, program.String()) {
		if got := string(AppendFloat(nil, floats[i])); got != want {
			t.Errorf("AppendFloat(%v) = %s, want %s", floats[i], got, want)
		}
	}
}
