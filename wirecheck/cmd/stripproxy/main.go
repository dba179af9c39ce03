// Command stripproxy is a reverse proxy of the standard library that serves /svc/… with
// the /… of another server, over TLS. It prints the address at which it listens.
//
//	stripproxy -to http://127.0.0.1:3000 -strip /svc -cert FILE -key FILE
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

func main() {
	to := flag.String("to", "", "the server behind, such as http://127.0.0.1:3000")
	strip := flag.String("strip", "", "the prefix that is taken off")
	cert := flag.String("cert", "", "the certificate, PEM")
	key := flag.String("key", "", "its key, PEM")
	flag.Parse()
	target, err := url.Parse(*to)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // until the process ends
	if err != nil {
		log.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		r.SetXForwarded() // drops what the client has sent
	}}
	server := &http.Server{
		Handler: http.StripPrefix(*strip, proxy), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	}
	fmt.Println("listening on https://" + listener.Addr().String())
	log.Fatal(server.ServeTLS(listener, *cert, *key))
}
