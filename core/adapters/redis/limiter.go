package redis

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/redis/go-redis/v9"
)

// NewLimiter counts requests in the server behind client, for
// core.RateLimitOptions.Custom: one round trip per request, at any number of
// concurrent requests and processes. It decides as ratelimit.NewStorage does
// and uses the same keys and the same stored JSON, so both, and Better Auth,
// can share one server.
func NewLimiter(client redis.UniversalClient, o Options) ratelimit.Store {
	return &limiter{newConn(client, o)}
}

type limiter struct{ conn }

// takeScript admits a request and returns 0, or refuses it and returns how many
// milliseconds to wait. A value that is no counter counts as absent; a member that is
// missing or null counts as zero.
//
// ARGV: the JSON up to the count, max, window and now in milliseconds.
var takeScript = newScript(`local limit, window, now = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function number(v)
  if v == nil or v == cjson.null then return 0 end
  if type(v) ~= 'number' or math.floor(v) ~= v or math.abs(v) >= 2^63 then return nil end
  return v
end
local count = 0
local raw = redis.call('GET', KEYS[1])
if raw then
  local ok, e = pcall(cjson.decode, raw)
  if ok and type(e) == 'table' and (e.key == nil or e.key == cjson.null or type(e.key) == 'string') then
    local n, last = number(e.count), number(e.lastRequest)
    if n and last and now - last < window and last - now <= window then
      if n >= limit then return math.min(last + window - now, 1e12) end
      count = n
    end
  end
end
redis.call('SET', KEYS[1], ARGV[1] .. string.format('%.0f', count + 1) .. ',"lastRequest":' .. ARGV[4] .. '}', 'PX', ARGV[3])
return 0`)

// Take implements ratelimit.Store. When the answer is lost the request may have
// been counted; it is not counted twice.
func (l *limiter) Take(ctx context.Context, key string, r ratelimit.Rule, now time.Time) (ratelimit.Decision, error) {
	window := r.Window.Milliseconds()
	if window < 1 {
		return ratelimit.Decision{}, fmt.Errorf("%w: window %s is less than a millisecond", ratelimit.ErrRule, r.Window)
	}
	if r.Max < 1 {
		return refuse(window), nil
	}
	head, err := counterHead(key)
	if err != nil {
		return ratelimit.Decision{}, err
	}
	wait, err := integer(l.run(ctx, takeScript, key, head, r.Max, window, now.UnixMilli()))
	switch {
	case err != nil:
		return ratelimit.Decision{}, fmt.Errorf("ratelimit: count: %w", err)
	case wait > 0:
		return refuse(wait), nil
	}
	return ratelimit.Decision{Allowed: true}, nil
}

// counterHead is the start of a stored counter, up to the count. Like
// JSON.stringify it does not escape <, > and &.
func counterHead(key string) (string, error) {
	var b bytes.Buffer
	b.WriteString(`{"key":`)
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(key); err != nil {
		return "", fmt.Errorf("ratelimit: encode counter: %w", err)
	}
	b.Truncate(b.Len() - 1) // the encoder ends with a newline
	b.WriteString(`,"count":`)
	return b.String(), nil
}

// refuse rounds a wait up to whole seconds.
func refuse(waitMS int64) ratelimit.Decision {
	return ratelimit.Decision{RetryAfter: time.Duration((waitMS+999)/1000) * time.Second}
}
