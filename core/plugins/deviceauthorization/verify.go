package deviceauthorization

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// VerifyInput is the query of /device.
type VerifyInput struct {
	UserCode string `query:"user_code" doc:"The user code to verify"`
}

// VerifyReply is what a page shows before its user approves. Client and scope are told to
// the user who has claimed the code, as in Better Auth 1.7.
type VerifyReply struct {
	UserCode string  `json:"user_code"`
	Status   string  `json:"status" doc:"pending, approved or denied"`
	ClientID *string `json:"client_id,omitempty"`
	Scope    *string `json:"scope,omitempty"`
}

// verify looks a code up. The first signed-in user who does so claims it: nobody else can
// approve it from then on.
func (p *Plugin) verify(c *core.Ctx, in *VerifyInput) (VerifyReply, error) {
	row, err := p.findUserCode(c, in.UserCode)
	if err != nil {
		return VerifyReply{}, err
	}
	session, err := c.StoredSession()
	if err != nil {
		return VerifyReply{}, err
	}
	reply := VerifyReply{UserCode: in.UserCode}
	if session != nil {
		if row, err = p.claim(c, row, session.User.ID); err != nil {
			return VerifyReply{}, err
		}
		if row.claimedBy(session.User.ID) {
			reply.ClientID, reply.Scope = row.ClientID, row.Scope
		}
	}
	reply.Status = row.Status
	return reply, nil
}

// claim gives a pending code that nobody has claimed to a user, in one statement, and
// returns the row as it is then.
func (p *Plugin) claim(ctx context.Context, row *deviceCode, userID string) (*deviceCode, error) {
	if row.UserID != nil || row.Status != pending {
		return row, nil
	}
	free := adapter.By("id", row.ID).And(fieldStatus, pending).And(fieldUser, nil)
	claimed, err := p.codes.Update(ctx, free, adapter.Record{fieldUser: userID})
	if core.IsNotFound(err) { // somebody was quicker
		claimed, err = p.codes.FindID(ctx, row.ID)
	}
	if core.IsNotFound(err) {
		return nil, refuse(errInvalidRequest, CodeInvalidUserCode.Message)
	}
	return claimed, err
}

// findUserCode returns the live row of a code that a person has typed.
func (p *Plugin) findUserCode(c *core.Ctx, typed string) (*deviceCode, error) {
	row, err := p.lookUp(c, typed)
	switch {
	case err != nil:
		return nil, err
	case row == nil:
		return nil, refuse(errInvalidRequest, CodeInvalidUserCode.Message)
	case row.ExpiresAt.Before(c.Now()):
		return nil, refuse(errExpired, CodeExpiredUserCode.Message)
	}
	return row, nil
}

func (p *Plugin) lookUp(ctx context.Context, typed string) (*deviceCode, error) {
	forms := readings(typed)
	if len(forms) == 0 {
		return nil, nil
	}
	rows, err := p.codes.List(ctx, adapter.Find{Where: adapter.Where{{Field: fieldUserCode, Op: adapter.In, Value: forms}}})
	if err != nil {
		return nil, err
	}
	for _, form := range forms {
		// A database may ignore case, so the rows are compared again.
		if i := slices.IndexFunc(rows, func(row *deviceCode) bool { return row.UserCode == form }); i >= 0 {
			return rows[i], nil
		}
	}
	return nil, nil
}

var (
	separators = regexp.MustCompile(`[^a-zA-Z0-9]`)
	ofAlphabet = regexp.MustCompile(`^[` + userAlphabet + `]+$`)
)

// maxTyped is how long a typed code may be, in bytes, with separators.
const maxTyped = 4 * maxCode

// readings are the codes that a typed one can mean, the most literal first: itself, itself
// without dashes (Better Auth 1.6), and itself in capitals without separators (1.7).
func readings(typed string) []string {
	if len(typed) > maxTyped {
		return nil
	}
	forms := []string{typed, strings.ReplaceAll(typed, "-", "")}
	if plain := strings.ToUpper(separators.ReplaceAllString(typed, "")); ofAlphabet.MatchString(plain) {
		forms = append(forms, plain)
	}
	return slices.Compact(slices.DeleteFunc(forms, func(form string) bool { return !isCode(form) }))
}
