package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// UserInput names a user.
type UserInput struct {
	UserID string `json:"userId" zod:"coerce" doc:"Id of the user"`
}

// UserReply is {"user":…}.
type UserReply struct {
	User *core.User `json:"user"`
}

// BanUserInput is the body of ban-user.
type BanUserInput struct {
	UserID       string   `json:"userId" zod:"coerce" doc:"Id of the user"`
	BanReason    *string  `json:"banReason" doc:"Why; at most 1000 characters"`
	BanExpiresIn *float64 `json:"banExpiresIn" doc:"Seconds until the ban ends"`
}

// maxBan is the longest ban that has an end, in seconds: a thousand years.
const maxBan = 1000 * 365 * 24 * 3600

// ends is when a ban ends, nil for never.
func (p *Plugin) ends(in *BanUserInput, now time.Time) (any, error) {
	life := p.opts.DefaultBanExpiresIn
	if in.BanExpiresIn != nil && *in.BanExpiresIn != 0 {
		seconds := *in.BanExpiresIn
		if !(seconds >= 0.001 && seconds <= maxBan) {
			return nil, invalid("banExpiresIn", "expected a number of seconds from 0.001 to 31536000000")
		}
		// A time.Duration ends after 292 years.
		return time.UnixMilli(now.UnixMilli() + int64(seconds*1000)).UTC(), nil
	}
	if life > 0 {
		return now.Add(life), nil
	}
	return nil, nil
}

func invalid(name, problem string) error {
	return &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: "[body." + name + "] Invalid input: " + problem}
}

func (p *Plugin) banUser(c *core.Ctx, in *BanUserInput) (UserReply, error) {
	n := needs("user", "ban", CodeNotAllowedToBanUsers)
	caller, err := p.allow(c, n)
	if err != nil {
		return UserReply{}, err
	}
	if caller != nil && caller.ID == in.UserID {
		return UserReply{}, core.Fail(http.StatusBadRequest, CodeCannotBanYourself)
	}
	until, err := p.ends(in, p.auth.Now())
	if err != nil {
		return UserReply{}, err
	}
	reason := p.opts.DefaultBanReason
	if in.BanReason != nil && *in.BanReason != "" {
		reason = *in.BanReason
	}
	return p.write(c, in.UserID, change{
		permission: n,
		demotes:    func(*core.User) bool { return true },
	}, EventUserBanned, adapter.Record{core.Banned.Name: true, BanReason.Name: reason, core.BanExpires.Name: until})
}

func (p *Plugin) unbanUser(c *core.Ctx, in *UserInput) (UserReply, error) {
	return p.write(c, in.UserID, change{permission: needs("user", "ban", CodeNotAllowedToBanUsers)}, EventUserUnbanned, unbanned())
}

// write makes a change that sets fields of the user, and reports it. The sessions of a user
// who is banned end in the same transaction.
func (p *Plugin) write(c *core.Ctx, userID string, ch change, event core.EventType, set adapter.Record) (UserReply, error) {
	var updated *core.User
	ch.events = one(event)
	ch.run = func(ctx context.Context, _, target *core.User) (err error) {
		if updated, err = p.set(ctx, target, set); err != nil {
			return err
		}
		return p.endIfBanned(ctx, updated)
	}
	if err := p.apply(c, userID, ch); err != nil {
		return UserReply{}, err
	}
	return UserReply{updated}, nil
}

// set writes fields of a user, whose row is locked.
func (p *Plugin) set(ctx context.Context, target *core.User, set adapter.Record) (*core.User, error) {
	with := adapter.Record{"updatedAt": p.auth.Now()}
	for name, value := range set {
		with[name] = value
	}
	return p.auth.Store().UpdateUser(ctx, target.ID, with)
}

func (p *Plugin) endIfBanned(ctx context.Context, u *core.User) error {
	if !u.BannedAt(p.auth.Now()) {
		return nil
	}
	return p.auth.Store().DeleteSessions(ctx, u.ID)
}
