package oauthserver

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// Parameters that the server adds to the query of its pages. All but the last are Better
// Auth's.
const (
	paramSignature = "sig"
	paramExpires   = "exp"
	paramIssued    = "ba_iat"
	paramPostLogin = "ba_pl"
	paramTicket    = "ba_ct" // names a verification value: the page of a consent, for one session and one answer
)

// reserved reports whether a parameter is the server's own, so that a client may not set it.
func reserved(name string) bool {
	return name == paramSignature || name == paramExpires || strings.HasPrefix(name, "ba_")
}

// PageQuery is the query of a page that the server has signed.
type PageQuery struct {
	Query     wire.Query // as the client has sent it
	issued    time.Time
	postLogin string // id of the session that the page after sign-in was shown to
	ticket    string
}

// sign makes the query of a page, valid as long as a code.
func (s *Server) sign(q wire.Query, postLogin, ticket string) string {
	now := s.auth.Now()
	out := make(wire.Query, 0, len(q)+5)
	for _, p := range q {
		if !reserved(p.Name) {
			out = append(out, p)
		}
	}
	out = append(out, wire.Pair{Name: paramExpires, Value: strconv.FormatInt(now.Unix()+int64(s.CodeLife/time.Second), 10)},
		wire.Pair{Name: paramIssued, Value: strconv.FormatInt(now.UnixMilli(), 10)})
	if postLogin != "" {
		out = append(out, wire.Pair{Name: paramPostLogin, Value: postLogin})
	}
	if ticket != "" {
		out = append(out, wire.Pair{Name: paramTicket, Value: ticket})
	}
	return append(out, wire.Pair{Name: paramSignature, Value: s.auth.Keys().Sign(out.Encode())}).Encode()
}

// maxQuery bounds a signed query, in bytes.
const maxQuery = 32 << 10

// Open verifies the query of a page: that this server has signed it, and that it has not
// expired.
func (s *Server) Open(text string) (*PageQuery, bool) {
	if text == "" || len(text) > maxQuery {
		return nil, false
	}
	all := wire.ParseQuery(strings.TrimPrefix(text, "?"))
	signature, _ := all.Get(paramSignature)
	signed := make(wire.Query, 0, len(all))
	out := &PageQuery{}
	for _, p := range all {
		if p.Name == paramSignature {
			continue
		}
		signed = append(signed, p)
		if !reserved(p.Name) {
			out.Query = append(out.Query, p)
		}
	}
	// A page that has decoded the query once more has spaces for plus signs.
	signature = strings.NewReplacer(" ", "+", "-", "+", "_", "/").Replace(signature)
	if n := len(signature) % 4; n != 0 {
		signature += strings.Repeat("=", 4-n)
	}
	if !s.auth.Keys().Verify(signed.Encode(), []byte(signature)) {
		return nil, false
	}
	text, _ = signed.Get(paramExpires)
	expires, err := strconv.ParseInt(text, 10, 64)
	if err != nil || time.Unix(expires, 0).Before(s.auth.Now()) {
		return nil, false
	}
	if text, ok := signed.Get(paramIssued); ok {
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 {
			out.issued = time.UnixMilli(ms)
		}
	}
	out.postLogin, _ = signed.Get(paramPostLogin)
	out.ticket, _ = signed.Get(paramTicket)
	return out, true
}

// Client is the id of the client that has sent the query.
func (q *PageQuery) Client() string { return get(q.Query, "client_id") }

// ticket makes the value that one answer to a consent page uses up. It belongs to the session
// that the page is shown to.
func (s *Server) ticket(ctx context.Context, session string) (string, error) {
	id, err := s.auth.RandomString(24)
	if err != nil {
		return "", err
	}
	_, err = s.auth.Store().CreateVerification(ctx, s.ClaimPrefix+hash(id), session, s.auth.Now().Add(s.CodeLife))
	return id, err
}

// useTicket uses it up.
func (s *Server) useTicket(ctx context.Context, id, session string) error {
	v, err := s.auth.Store().FindVerification(ctx, s.ClaimPrefix+hash(id))
	if err == nil && v.Value == session {
		_, err = s.auth.Store().TakeVerification(ctx, s.ClaimPrefix+hash(id))
		if err == nil {
			return nil
		}
	}
	if err != nil && !core.IsNotFound(err) {
		return err
	}
	return Refuse(ErrInvalidRequest, "this page has been answered, or belongs to another session")
}

func get(q wire.Query, name string) string {
	v, _ := q.Get(name)
	return v
}

func without(q wire.Query, name string) wire.Query {
	out := make(wire.Query, 0, len(q))
	for _, p := range q {
		if p.Name != name {
			out = append(out, p)
		}
	}
	return out
}
