package apikey

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// The error codes of the plugin, in the order of Better Auth 1.6.
var (
	CodeInvalidMetadata          = core.ErrorCode{Code: "INVALID_METADATA_TYPE", Message: "metadata must be an object or undefined"}
	CodeRefillIntervalMissing    = core.ErrorCode{Code: "REFILL_AMOUNT_AND_INTERVAL_REQUIRED", Message: "refillAmount is required when refillInterval is provided"}
	CodeRefillAmountMissing      = core.ErrorCode{Code: "REFILL_INTERVAL_AND_AMOUNT_REQUIRED", Message: "refillInterval is required when refillAmount is provided"}
	CodeUserBanned               = core.ErrorCode{Code: "USER_BANNED", Message: "User is banned"}
	CodeUnauthorizedSession      = core.ErrorCode{Code: "UNAUTHORIZED_SESSION", Message: "Unauthorized or invalid session"}
	CodeKeyNotFound              = core.ErrorCode{Code: "KEY_NOT_FOUND", Message: "API Key not found"}
	CodeKeyDisabled              = core.ErrorCode{Code: "KEY_DISABLED", Message: "API Key is disabled"}
	CodeKeyExpired               = core.ErrorCode{Code: "KEY_EXPIRED", Message: "API Key has expired"}
	CodeUsageExceeded            = core.ErrorCode{Code: "USAGE_EXCEEDED", Message: "API Key has reached its usage limit"}
	CodeKeyNotRecoverable        = core.ErrorCode{Code: "KEY_NOT_RECOVERABLE", Message: "API Key is not recoverable"}
	CodeExpiresInTooSmall        = core.ErrorCode{Code: "EXPIRES_IN_IS_TOO_SMALL", Message: "The expiresIn is smaller than the predefined minimum value."}
	CodeExpiresInTooLarge        = core.ErrorCode{Code: "EXPIRES_IN_IS_TOO_LARGE", Message: "The expiresIn is larger than the predefined maximum value."}
	CodeInvalidRemaining         = core.ErrorCode{Code: "INVALID_REMAINING", Message: "The remaining count is either too large or too small."}
	CodeInvalidPrefixLength      = core.ErrorCode{Code: "INVALID_PREFIX_LENGTH", Message: "The prefix length is either too large or too small."}
	CodeInvalidNameLength        = core.ErrorCode{Code: "INVALID_NAME_LENGTH", Message: "The name length is either too large or too small."}
	CodeMetadataDisabled         = core.ErrorCode{Code: "METADATA_DISABLED", Message: "Metadata is disabled."}
	CodeRateLimitExceeded        = core.ErrorCode{Code: "RATE_LIMIT_EXCEEDED", Message: "Rate limit exceeded."}
	CodeNoValues                 = core.ErrorCode{Code: "NO_VALUES_TO_UPDATE", Message: "No values to update."}
	CodeExpirationDisabled       = core.ErrorCode{Code: "KEY_DISABLED_EXPIRATION", Message: "Custom key expiration values are disabled."}
	CodeInvalidKey               = core.ErrorCode{Code: "INVALID_API_KEY", Message: "Invalid API key."}
	CodeInvalidUser              = core.ErrorCode{Code: "INVALID_USER_ID_FROM_API_KEY", Message: "The user id from the API key is invalid."}
	CodeInvalidReference         = core.ErrorCode{Code: "INVALID_REFERENCE_ID_FROM_API_KEY", Message: "The reference id from the API key is invalid."}
	CodeInvalidGetter            = core.ErrorCode{Code: "INVALID_API_KEY_GETTER_RETURN_TYPE", Message: "API Key getter returned an invalid key type. Expected string."}
	CodeServerOnly               = core.ErrorCode{Code: "SERVER_ONLY_PROPERTY", Message: "The property you're trying to set can only be set from the server auth instance only."}
	CodeFailedToUpdate           = core.ErrorCode{Code: "FAILED_TO_UPDATE_API_KEY", Message: "Failed to update API key"}
	CodeNameRequired             = core.ErrorCode{Code: "NAME_REQUIRED", Message: "API Key name is required."}
	CodeOrganizationIDRequired   = core.ErrorCode{Code: "ORGANIZATION_ID_REQUIRED", Message: "Organization ID is required for organization-owned API keys."}
	CodeNotMember                = core.ErrorCode{Code: "USER_NOT_MEMBER_OF_ORGANIZATION", Message: "You are not a member of the organization that owns this API key."}
	CodeInsufficientPermissions  = core.ErrorCode{Code: "INSUFFICIENT_API_KEY_PERMISSIONS", Message: "You do not have permission to perform this action on organization API keys."}
	CodeNoDefaultConfig          = core.ErrorCode{Code: "NO_DEFAULT_API_KEY_CONFIGURATION_FOUND", Message: "No default api-key configuration found."}
	CodeOrganizationPluginNeeded = core.ErrorCode{Code: "ORGANIZATION_PLUGIN_REQUIRED", Message: "Organization plugin is required for organization-owned API keys. Please install and configure the organization plugin."}

	// Codes that Better Auth 1.6 has no name for.

	// CodeRateLimited is sent with the message of CodeRateLimitExceeded.
	CodeRateLimited = core.ErrorCode{Code: "RATE_LIMITED", Message: "Rate limit exceeded."}
	CodeTooManyKeys = core.ErrorCode{Code: "TOO_MANY_API_KEYS", Message: "There are too many API keys. Delete one first."}
	CodeNotForKeys  = core.ErrorCode{Code: "API_KEY_SESSION_NOT_ALLOWED", Message: "An API key cannot be used here. Sign in instead."}
)

var codes = []core.ErrorCode{
	CodeInvalidMetadata, CodeRefillIntervalMissing, CodeRefillAmountMissing, CodeUserBanned, CodeUnauthorizedSession, CodeKeyNotFound,
	CodeKeyDisabled, CodeKeyExpired, CodeUsageExceeded, CodeKeyNotRecoverable, CodeExpiresInTooSmall, CodeExpiresInTooLarge,
	CodeInvalidRemaining, CodeInvalidPrefixLength, CodeInvalidNameLength, CodeMetadataDisabled, CodeRateLimitExceeded, CodeNoValues,
	CodeExpirationDisabled, CodeInvalidKey, CodeInvalidUser, CodeInvalidReference, CodeInvalidGetter, CodeServerOnly, CodeFailedToUpdate,
	CodeNameRequired, CodeOrganizationIDRequired, CodeNotMember, CodeInsufficientPermissions, CodeNoDefaultConfig,
	CodeOrganizationPluginNeeded, CodeRateLimited, CodeTooManyKeys, CodeNotForKeys,
}

var (
	errInvalidKey = core.Fail(http.StatusUnauthorized, CodeInvalidKey)
	errNotFound   = core.Fail(http.StatusNotFound, CodeKeyNotFound)
	errNoSession  = core.Fail(http.StatusUnauthorized, CodeUnauthorizedSession)

	// errPermissions is the refusal of a key without a permission, as Better Auth words it.
	// A guard says it more clearly.
	errPermissions = core.Fail(http.StatusUnauthorized, CodeKeyNotFound)
)

// The security events of the plugin. The event of a refusal has the error code in
// Event.Code.
const (
	EventCreated core.EventType = "api-key.created"
	EventUpdated core.EventType = "api-key.updated"
	EventDeleted core.EventType = "api-key.deleted"
	EventRefused core.EventType = "api-key.refused"
)
