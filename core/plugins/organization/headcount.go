package organization

import (
	"sync"
	"time"
)

// headcount remembers how many members large organizations have, so that a directory that adds
// thousands to one does not count them again for each. It never lets more in than the limit:
// what this server adds is counted here, and what others add meanwhile is less than the room
// that is left, because a count is used the shorter the less room it leaves. Whoever adds a member
// holds the organization's row, so that all servers together add one after the other.
type headcount struct {
	mu    sync.Mutex
	known map[string]counted
}

type counted struct {
	members int64
	at      time.Time
}

const (
	crowd          = 500                    // members from which a count is remembered
	perMember      = 100 * time.Microsecond // less than a server takes to add one
	longestMemory  = time.Second
	mostHeadcounts = 1000 // organizations that are remembered at once
)

// room reports whether a remembered count leaves room for one more member, and takes the room.
func (h *headcount) room(organizationID string, limit int, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.known[organizationID]
	left := int64(limit) - c.members
	if !ok || left <= 0 || now.Before(c.at) || now.Sub(c.at) > min(longestMemory, time.Duration(left)*perMember) {
		return false
	}
	c.members++
	h.known[organizationID] = c
	return true
}

// remember keeps how many members an organization has, with the one that is about to be added.
func (h *headcount) remember(organizationID string, members int64, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if members < crowd {
		delete(h.known, organizationID)
		return
	}
	if h.known == nil || len(h.known) >= mostHeadcounts {
		h.known = map[string]counted{}
	}
	h.known[organizationID] = counted{members, now}
}
