// Package pluginflows lists the flows of the plugins that come with core, for the tests of
// adapters (flowtest.Run).
package pluginflows

import (
	"github.com/advantch/kernia-go/core/plugins/admin/admintest"
	"github.com/advantch/kernia-go/core/plugins/adminconfig/adminconfigtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous/anonymoustest"
	"github.com/advantch/kernia-go/core/plugins/apikey/apikeytest"
	"github.com/advantch/kernia-go/core/plugins/auditlog/auditlogtest"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization/deviceauthorizationtest"
	"github.com/advantch/kernia-go/core/plugins/electron/electrontest"
	"github.com/advantch/kernia-go/core/plugins/emailotp/emailotptest"
	"github.com/advantch/kernia-go/core/plugins/genericoauth/genericoauthtest"
	"github.com/advantch/kernia-go/core/plugins/jwt/jwttest"
	"github.com/advantch/kernia-go/core/plugins/magiclink/magiclinktest"
	"github.com/advantch/kernia-go/core/plugins/mcp/mcptest"
	"github.com/advantch/kernia-go/core/plugins/multisession/multisessiontest"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup/oauthpopuptest"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider/oauthprovidertest"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy/oauthproxytest"
	"github.com/advantch/kernia-go/core/plugins/oidcprovider/oidcprovidertest"
	"github.com/advantch/kernia-go/core/plugins/onetap/onetaptest"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken/onetimetokentest"
	"github.com/advantch/kernia-go/core/plugins/organization/organizationtest"
	"github.com/advantch/kernia-go/core/plugins/phonenumber/phonenumbertest"
	"github.com/advantch/kernia-go/core/plugins/scim/scimtest"
	"github.com/advantch/kernia-go/core/plugins/siwe/siwetest"
	"github.com/advantch/kernia-go/core/plugins/sso/ssotest"
	"github.com/advantch/kernia-go/core/plugins/twofactor/twofactortest"
	"github.com/advantch/kernia-go/core/plugins/username/usernametest"
	"github.com/advantch/kernia-go/core/social/socialtest"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// All is for a database in the process of the test.
func All() []flowtest.Suite {
	return []flowtest.Suite{
		admintest.Suite(),
		adminconfigtest.Suite(),
		anonymoustest.Suite(),
		apikeytest.Suite(),
		auditlogtest.Suite(),
		electrontest.Suite(),
		emailotptest.Suite(),
		jwttest.Suite(),
		magiclinktest.Suite(),
		mcptest.Suite(),
		multisessiontest.Suite(),
		onetimetokentest.Suite(),
		deviceauthorizationtest.Suite(),
		genericoauthtest.Suite(),
		oauthpopuptest.Suite(),
		oauthprovidertest.Suite(),
		oauthproxytest.Suite(),
		oidcprovidertest.Suite(),
		onetaptest.Suite(),
		organizationtest.Suite(),
		phonenumbertest.Suite(),
		scimtest.Suite(),
		siwetest.Suite(),
		ssotest.Suite(),
		socialtest.Suite(),
		twofactortest.Suite(),
		usernametest.Suite(),
	}
}

// Server is for a database in another process, and for a database whose SQL another test
// plays in full. The requests of the core fail call by call, and those of plugins do not.
// A failure happens before the adapter, so that its result is the same on every database
// that rolls back.
func Server() []flowtest.Suite {
	all := All()
	for i, s := range all {
		all[i] = s.WithoutFaults()
	}
	return append(all, flowtest.Suite{OneFailure: true})
}
