package engine

import (
	"testing"

	"cachering/commands/internal/redistest"
)

// What no other server may do differently: what transactions and scripts guard, and
// when keys expire.
func TestOnOtherServers(t *testing.T) {
	redistest.OnOthers(t, "^(TestNothingIsLostWhileTheApplicationWrites|TestAnExpiredKeyIsNotBroughtBack)$")
}
