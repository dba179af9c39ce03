package sso

import "github.com/advantch/kernia-go/core"

// The security events of the plugin. Detail names the provider.
const (
	EventProviderRegistered core.EventType = "sso.provider-registered"
	EventProviderUpdated    core.EventType = "sso.provider-updated"
	EventProviderDeleted    core.EventType = "sso.provider-deleted"
	EventDomainVerified     core.EventType = "sso.domain-verified"
	// EventDomainLost is a proof that has ended: somebody else has proven a domain of the provider.
	// UserID is who has registered the provider.
	EventDomainLost core.EventType = "sso.domain-lost"
	// EventReplay is an assertion that came a second time.
	EventReplay core.EventType = "sso.assertion-replayed"
	// EventLoggedOut is a session that an identity provider has ended.
	EventLoggedOut core.EventType = "sso.session-ended"
)

func detail(providerID string) string { return "provider " + providerID }
