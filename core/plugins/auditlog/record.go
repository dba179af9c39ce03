package auditlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/advantch/kernia-go/core"
)

// The most that a record holds, in bytes. Longer text of a client is cut. The application's
// own is refused.
const (
	maxName  = 128
	maxID    = 255
	maxText  = 512 // of each text in data, and of the name of a browser
	maxData  = 4096
	maxWrite = 5 * time.Second // without Options.Required
)

// try records an event after its commit. The client may have gone meanwhile.
func (p *Plugin) try(ctx context.Context, e core.Event) {
	if !p.opts.Filter(e) {
		return
	}
	r := p.of(ctx, e)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxWrite)
	defer cancel()
	if _, err := p.records.Create(ctx, r); err != nil {
		p.lost(ctx, r, err)
	}
}

// lost puts a record into the log that the table does not take.
func (p *Plugin) lost(ctx context.Context, r *Record, err error) {
	attrs := []slog.Attr{slog.String("error", err.Error()), slog.String("event", r.Event), slog.Time("createdAt", r.CreatedAt)}
	for name, value := range map[string]*string{
		"userId": r.UserID, "actorId": r.ActorID, "organizationId": r.OrganizationID, "sessionId": r.SessionID, "requestId": r.RequestID,
	} {
		if value != nil {
			attrs = append(attrs, slog.String(name, *value))
		}
	}
	p.auth.Logger().LogAttrs(ctx, slog.LevelError, "audit-log: a record could not be written", append(attrs, slog.String("data", string(r.Data)))...)
}

// require records an event in its transaction.
func (p *Plugin) require(ctx context.Context, e core.Event) error {
	if !p.opts.Filter(e) {
		return nil
	}
	if _, err := p.records.Create(ctx, p.of(ctx, e)); err != nil {
		return fmt.Errorf("audit-log: recording %s: %w", e.Type, err)
	}
	return nil
}

// of makes the record of an event.
func (p *Plugin) of(ctx context.Context, e core.Event) *Record {
	r := &Record{
		Event: clean(string(e.Type), maxName), UserID: some(e.UserID, maxID), ActorID: some(e.ActorID, maxID),
		OrganizationID: some(e.OrganizationID, maxID), SessionID: some(e.SessionID, maxID), CreatedAt: e.Time,
	}
	r.Data, _ = json.Marshal(details{
		Path: clean(e.Path, maxText), Method: clean(e.Method, maxText), Code: clean(e.Code, maxText),
		Detail: clean(e.Detail, maxText), SubjectID: clean(e.SubjectID, maxID), Origin: clean(e.Origin, maxText),
	})
	p.from(ctx, r, e.IP, e.UserAgent)
	if e.Type == core.EventUserDeleted && !p.opts.KeepAddresses {
		r.IPAddress, r.UserAgent = nil, nil // as those of the user's other records
	}
	return r
}

type details struct {
	Path      string `json:"path,omitempty"`
	Method    string `json:"method,omitempty"`
	Code      string `json:"code,omitempty"`
	Detail    string `json:"detail,omitempty"`
	SubjectID string `json:"subjectId,omitempty"`
	Origin    string `json:"origin,omitempty"`
}

// from notes where a request has come from.
func (p *Plugin) from(ctx context.Context, r *Record, ip, agent string) {
	if !p.opts.OmitIPAddress {
		r.IPAddress = some(ip, maxID)
	}
	if !p.opts.OmitUserAgent {
		r.UserAgent = some(agent, maxText)
	}
	if c, ok := core.CtxFrom(ctx); ok && p.opts.RequestIDHeader != "-" && c.Req.Header != nil {
		r.RequestID = some(c.Req.Header.Get(p.opts.RequestIDHeader), maxName)
	}
}

// Entry is an event of the application's own.
type Entry struct {
	Event                                      string // 1 to 128 letters, digits, dots and hyphens, for example "invoice.deleted"
	UserID, ActorID, OrganizationID, SessionID string
	IPAddress, UserAgent                       string         // empty: those of the call that ctx belongs to
	Data                                       map[string]any // becomes JSON of at most 4096 bytes; put no secrets here
}

// Append records an event of the application's own. Options.Filter is not asked. ctx may
// belong to a transaction of Auth.DB, which the record is part of then.
func (p *Plugin) Append(ctx context.Context, e Entry) error {
	if e.Event == "" || len(e.Event) > maxName || strings.ContainsFunc(e.Event, func(r rune) bool {
		return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return fmt.Errorf("audit-log: the event %.64q needs a name of 1 to %d letters, digits, dots and hyphens", e.Event, maxName)
	}
	for _, id := range []string{e.UserID, e.ActorID, e.OrganizationID, e.SessionID} {
		if len(id) > maxID {
			return fmt.Errorf("audit-log: an id of the event %s is longer than %d bytes", e.Event, maxID)
		}
	}
	r := &Record{Event: e.Event, UserID: some(e.UserID, maxID), ActorID: some(e.ActorID, maxID),
		OrganizationID: some(e.OrganizationID, maxID), SessionID: some(e.SessionID, maxID), CreatedAt: p.auth.Now()}
	if len(e.Data) > 0 {
		text, err := json.Marshal(e.Data)
		if err != nil {
			return fmt.Errorf("audit-log: the data of the event %s: %w", e.Event, err)
		}
		if len(text) > maxData {
			return errors.New("audit-log: the data of the event " + e.Event + " is longer than 4096 bytes of JSON")
		}
		r.Data = text
	}
	ip, agent := e.IPAddress, e.UserAgent
	if c, ok := call(ctx); ok {
		if ip == "" {
			ip, _ = c.IP()
		}
		if agent == "" && c.Req.Header != nil {
			agent = c.Req.Header.Get("User-Agent")
		}
	}
	p.from(ctx, r, ip, agent)
	_, err := p.records.Create(ctx, r)
	return err
}

// call is the call of this server that ctx belongs to, or a request to a route of the
// application's.
func call(ctx context.Context) (*core.Ctx, bool) {
	if c, ok := core.CtxFrom(ctx); ok {
		return c, true
	}
	return core.Attached(ctx)
}

// some is a text for a column, nil when nothing is left of it.
func some(s string, most int) *string {
	if s = clean(s, most); s == "" {
		return nil
	}
	return &s
}

// clean makes one line of a client's text, cut to a length at the end of a character.
func clean(s string, most int) string {
	if len(s) > most {
		s = s[:most]
		for len(s) > 0 {
			if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
				break
			}
			s = s[:len(s)-1]
		}
	}
	plain := func(r rune) bool { return r != utf8.RuneError && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r) }
	if !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if plain(r) {
			return r
		}
		return -1
	}, s)
}
