package ui_test

import (
	"testing"
	"time"

	"cachering/commands/internal/ui"
)

func TestMeter(t *testing.T) {
	begin := time.Now()
	var m ui.Meter
	if _, known := m.Left(10); known || m.Rate() != 0 {
		t.Error("a rate of nothing")
	}
	for second := range 101 { // 1000 a second
		m.Add(begin.Add(time.Duration(second)*time.Second), int64(second)*1000)
	}
	if left, known := m.Left(150_000); m.Rate() != 1000 || !known || left != 50*time.Second {
		t.Errorf("got %v a second, %v left", m.Rate(), left)
	}
	for second := range 10 { // and then it waits
		m.Add(begin.Add(time.Duration(101+second)*time.Second), 100_000)
	}
	if _, known := m.Left(150_000); known || m.Rate() != 0 {
		t.Errorf("got %v a second where nothing is done", m.Rate())
	}
	m.Add(begin.Add(111*time.Second), 200_000)
	if left, known := m.Left(150_000); !known || left != 0 {
		t.Errorf("%v left of what is done", left)
	}
}
