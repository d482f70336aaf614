package cluster

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestConnectTimeout meets a server that takes no connection: one whose queue of
// connections to accept is full, to which Linux answers nothing.
func TestConnectTimeout(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
	for full := false; !full; {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if full = err != nil; !full {
			defer c.Close()
		}
	}
	within := func(timeout time.Duration) *Cluster {
		cl, err := New(Spec{
			Alias: "x", Home: func([]byte) (int, error) { return 0, nil }, ConnectTimeout: timeout,
			Endpoints: []Endpoint{{Name: "h:1", Network: "tcp", Addr: address, Writable: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return cl
	}
	err = within(300*time.Millisecond).Get(context.Background(), keys(":1:k"))[0].Err
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.HasSuffix(err.Error(), "shard h:1: no connection within 300ms (socket_connect_timeout)") {
		t.Errorf("error %v", err)
	}
	// Who gives up says so, and is not told of a timeout.
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := within(time.Minute).Shards()[0].Dial(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
