package outbound

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// bound wraps the body of an answer so that reading ends at the limit, counted
// before and after decompression. The first limit ends an endless stream of empty
// blocks, the second a decompression bomb.
func (g *guard) bound(req *http.Request, res *http.Response) *http.Response {
	sent := &limited{r: res.Body, left: g.MaxBody}
	body := &bounded{Reader: sent, Closer: res.Body}
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") && req.Method != http.MethodHead {
		res.Header.Del("Content-Encoding")
		res.Header.Del("Content-Length")
		res.ContentLength = -1
		res.Uncompressed = true
		body.Reader = &limited{r: &gunzip{from: sent}, left: g.MaxBody}
	}
	res.Body = body
	return res
}

type bounded struct {
	io.Reader
	io.Closer
}

// limited reads at most left bytes; one more is an error.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if int64(n) > l.left {
		n = int(l.left)
		l.left = 0
		return n, fail(ReasonTooLarge, "the body is longer than allowed")
	}
	l.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = readError(err)
	}
	return n, err
}

// gunzip reads the head of the stream when it is first asked.
type gunzip struct {
	from io.Reader
	z    *gzip.Reader
	err  error
}

func (g *gunzip) Read(p []byte) (int, error) {
	if g.z == nil && g.err == nil {
		g.z, g.err = gzip.NewReader(g.from) // io.EOF for an empty body, which is no fault
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.z.Read(p)
}

// readError is the failure of a body: a timeout, or invalid content.
func readError(err error) error {
	e := classify(err)
	if e.Reason == ReasonUnreachable {
		return &Error{Reason: ReasonBadResponse, cause: e.cause}
	}
	return e
}
