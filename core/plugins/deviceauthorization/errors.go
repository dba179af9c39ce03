package deviceauthorization

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthform"
)

// The error codes of the plugin, in the order of Better Auth. Their messages are the
// error_description of its answers, which have the form of OAuth:
// {"error":…,"error_description":…}.
var (
	CodeInvalidDeviceCode      = core.ErrorCode{Code: "INVALID_DEVICE_CODE", Message: "Invalid device code"}
	CodeExpiredDeviceCode      = core.ErrorCode{Code: "EXPIRED_DEVICE_CODE", Message: "Device code has expired"}
	CodeExpiredUserCode        = core.ErrorCode{Code: "EXPIRED_USER_CODE", Message: "User code has expired"}
	CodeAuthorizationPending   = core.ErrorCode{Code: "AUTHORIZATION_PENDING", Message: "Authorization pending"}
	CodeAccessDenied           = core.ErrorCode{Code: "ACCESS_DENIED", Message: "Access denied"}
	CodeInvalidUserCode        = core.ErrorCode{Code: "INVALID_USER_CODE", Message: "Invalid user code"}
	CodeAlreadyProcessed       = core.ErrorCode{Code: "DEVICE_CODE_ALREADY_PROCESSED", Message: "Device code already processed"}
	CodeNotClaimed             = core.ErrorCode{Code: "DEVICE_CODE_NOT_CLAIMED", Message: "Device code has not been claimed by a verifying session; call `GET /device` with the `user_code` while signed in before approving or denying"}
	CodePollingTooFrequently   = core.ErrorCode{Code: "POLLING_TOO_FREQUENTLY", Message: "Polling too frequently"}
	CodeUserNotFound           = core.ErrorCode{Code: "USER_NOT_FOUND", Message: "User not found"}
	CodeFailedToCreateSession  = core.ErrorCode{Code: "FAILED_TO_CREATE_SESSION", Message: "Failed to create session"}
	CodeInvalidStatus          = core.ErrorCode{Code: "INVALID_DEVICE_CODE_STATUS", Message: "Invalid device code status"}
	CodeAuthenticationRequired = core.ErrorCode{Code: "AUTHENTICATION_REQUIRED", Message: "Authentication required"}
)

// The values of "error" in answers (RFC 6749 §5.2, RFC 8628 §3.5). The last one is Better
// Auth's.
const (
	errInvalidRequest   = "invalid_request"
	errInvalidClient    = "invalid_client"
	errInvalidGrant     = "invalid_grant"
	errUnsupportedGrant = "unsupported_grant_type"
	errPending          = "authorization_pending"
	errSlowDown         = "slow_down"
	errExpired          = "expired_token"
	errDenied           = "access_denied"
	errUnavailable      = "temporarily_unavailable"
	errUnauthorized     = "unauthorized"
)

// refuse makes a 400 answer in the form of OAuth.
func refuse(code, description string) error {
	return core.OAuthError(http.StatusBadRequest, code, description)
}

// refuseAsOAuth answers a form that is not valid in the form of OAuth. JSON gets the
// answer of Better Auth 1.6.
func refuseAsOAuth(c *core.Ctx) error {
	refused := oauthform.Refusal(c)
	if refused == nil {
		return nil
	}
	if grant, ok := c.Body().Get("grant_type").Str(); ok && grant != GrantType && c.Path() == "/device/token" {
		return refuse(errUnsupportedGrant, "grant_type must be "+GrantType)
	}
	return refused
}
