// Command control puts the Go server behind the control protocol, so that the
// wire check can compare it with Better Auth. It is a test program: it obeys everybody
// who reaches its port.
//
//	go run ./wirecheck/cmd/control -addr 127.0.0.1:0 -framework gin -adapter gorm-postgres
//
// prints one line, "listening http://127.0.0.1:PORT", and ends on SIGTERM or
// when its standard input closes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "control:", err)
		os.Exit(1)
	}
}

func run() error {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	framework := flag.String("framework", "nethttp", "what serves requests: "+strings.Join(frameworkNames(), " or "))
	database := flag.String("adapter", "memory", "where instances keep their rows: "+strings.Join(adapterNames(), " or "))
	fault := flag.String("break", "", "alter every answer in one small way: "+strings.Join(faultNames(), ", "))
	quick := flag.Bool("quick-hashing", false, "hash passwords with a thousandth of the usual cost")
	flag.Parse()
	mount, ok := frameworks[*framework]
	if !ok {
		return fmt.Errorf("there is no framework %q", *framework)
	}
	adapt, ok := adapters[*database]
	if !ok {
		return fmt.Errorf("there is no adapter %q", *database)
	}
	rows, err := adapt()
	if err != nil {
		return err
	}
	if *fault != "" {
		alter, ok := faults[*fault]
		if !ok {
			return fmt.Errorf("there is no fault %q", *fault)
		}
		mount = broken(mount, alter)
	}

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	origin := "http://" + listener.Addr().String()
	instances := newServer(origin, mount, rows)
	instances.quick = *quick
	server := &http.Server{
		Handler:           instances,
		ReadHeaderTimeout: 10 * time.Second,
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	fmt.Println("listening", origin)
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return instances.close(end)
}
