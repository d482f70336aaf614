package sidetest

import (
	"testing"

	"cachering/commands/internal/redistest"
)

func TestOnOtherServers(t *testing.T) { redistest.OnOthers(t, "^TestSideBySide$") }
