-- The throttle that many processes share: the rules of throttle.py, word for word, in one step.
--
-- KEYS: the bucket of the installation, the relay, then each domain once.
-- ARGV: what to do, now ("" for this server's clock), ticket, rate, concurrency, count of domains,
-- the rate of each domain, then for "ask" the number of the domain of each message, for "judge" the
-- relay's verdict and words, and for "tell" these and three values for each message: number of its
-- domain, verdict, reply. "enter" and "reopen" need the relay alone.

local FIRST_REST, LONGEST_REST, TICKET, TURNS, RECOVERED = 30, 900, 60, 2, 5
local FORGET = 86400

local now = tonumber(ARGV[2])
if now == nil then
  local time = redis.call("TIME")
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local ticket = ARGV[3]
local rate = tonumber(ARGV[4])
local top = tonumber(ARGV[5])
local domain_count = tonumber(ARGV[6])
local first = 7 + domain_count

local function text(number)
  return string.format("%.17g", number)
end

local function tokens(per_second, full_at)
  local held = math.max(1, per_second) / per_second - math.max(0, full_at - now)
  return math.max(0, math.floor(held * per_second + 1e-4))
end

local function rest(earlier)
  return math.min(FIRST_REST * 2 ^ math.min(earlier, 16), LONGEST_REST)
end

local function load_domain(number)
  local key = KEYS[2 + number]
  local one = { key = key, rate = tonumber(ARGV[6 + number]), limit = top, failed = 0,
    resting = 0, rests = 0, line = 0, full = 0, flying = 0, known = false }
  local fields = redis.call("HGETALL", key)
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    one.known = true
    if string.sub(name, 1, 2) == "t:" then
      local count, until_at = string.match(value, "^(%d+):(.+)$")
      if tonumber(until_at) > now then
        one.flying = one.flying + tonumber(count)
      else
        redis.call("HDEL", key, name)
      end
    elseif name ~= "reply" then
      one[name] = tonumber(value)
    end
  end
  return one
end

local function save(one)
  redis.call("HSET", one.key, "limit", text(one.limit), "failed", text(one.failed),
    "resting", text(one.resting), "rests", text(one.rests), "line", text(one.line),
    "full", text(one.full))
  redis.call("EXPIRE", one.key, FORGET)
end

local domains = {}
for number = 1, domain_count do
  domains[number] = load_domain(number)
  domains[number].granted = 0
end

local known = redis.call("HMGET", KEYS[2], "closed", "failures", "probed", "reply")
local closed, failures, probed = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)

local shut = failures > 0 and math.max(0, closed - now, probed - now) or 0

local function judge_relay(verdict, reply)
  if verdict > 0 then
    redis.call("DEL", KEYS[2])
  elseif failures > 0 then
    redis.call("HSET", KEYS[2], "probed", "0")
  end
  if verdict < 0 and closed <= now then
    redis.call("HSET", KEYS[2], "closed", text(now + rest(failures)),
      "failures", text(failures + 1), "reply", reply)
    redis.call("EXPIRE", KEYS[2], FORGET)
  end
end

if ARGV[1] == "enter" then
  local probing = failures > 0 and shut <= 0
  if probing then
    redis.call("HSET", KEYS[2], "probed", text(now + TICKET))
  end
  return { text(shut), probing and "1" or "0", known[4] or "" }
end

if ARGV[1] == "judge" then
  judge_relay(tonumber(ARGV[first]), ARGV[first + 1])
  return {}
end

if ARGV[1] == "reopen" then
  if failures > 0 then
    redis.call("HSET", KEYS[2], "closed", "0", "probed", "0", "failures", "1")
  end
  return {}
end

local function wait_of(one)
  if not (one.known or one.rate > 0) then
    return 0
  end
  if one.resting <= now then
    local full = one.limit < top and one.flying + one.granted >= math.floor(one.limit)
    local slow = one.rate > 0 and tokens(one.rate, one.full) <= one.granted
    if not (full or slow) then
      return 0
    end
  end
  local spacing = 1 / (TURNS * math.max(1, one.limit))
  if one.rate > 0 then
    spacing = 1 / one.rate
  end
  local start = math.max(now, one.resting)
  one.line = math.min(math.max(one.line, start) + spacing, start + LONGEST_REST)
  one.moved = true
  return one.line - now
end

if ARGV[1] == "ask" then
  local watched = failures > 0
  local answer = { "0", text(shut), "0" }
  if shut > 0 then
    return answer
  end
  local most = #ARGV - first + 1
  local full_at = tonumber(redis.call("GET", KEYS[1]) or 0)
  if failures > 0 then
    most = 1
  end
  if rate > 0 then
    most = math.min(most, tokens(rate, full_at))
  end
  local count = 0
  for i = first, #ARGV do
    local one = domains[tonumber(ARGV[i])]
    local wait = wait_of(one)
    if wait == 0 and most <= count then
      wait = -1
    end
    if wait == 0 then
      one.granted = one.granted + 1
      count = count + 1
    end
    answer[#answer + 1] = text(wait)
  end
  for number = 1, domain_count do
    local one = domains[number]
    watched = watched or one.known or one.rate > 0
    if one.granted > 0 and (one.known or one.rate > 0) then
      redis.call("HSET", one.key, "t:" .. ticket, one.granted .. ":" .. text(now + TICKET))
      if one.rate > 0 then
        one.full = math.max(one.full, now) + one.granted / one.rate
      end
      one.moved = true
    end
    if one.moved then
      save(one)
    end
  end
  if rate > 0 then
    full_at = math.max(full_at, now) + count / rate
    redis.call("SET", KEYS[1], text(full_at), "EX", FORGET)
    answer[1] = text(math.max(0, full_at - now - (math.max(1, rate) - 1) / rate))
  end
  if count > 0 and failures > 0 then
    redis.call("HSET", KEYS[2], "probed", text(now + TICKET))
  end
  answer[3] = watched and "1" or "0"
  return answer
end

for number = 1, domain_count do
  if domains[number].known then
    redis.call("HDEL", domains[number].key, "t:" .. ticket)
  end
end
for i = first + 2, #ARGV, 3 do
  local one, word, reply = domains[tonumber(ARGV[i])], tonumber(ARGV[i + 1]), ARGV[i + 2]
  if word < 0 then
    redis.call("HSET", one.key, "reply", reply)
    one.known = true
    if one.resting <= now then
      one.failed = one.failed + 1 / one.limit
      one.limit = math.max(1, one.limit - 1 / one.limit)
      if one.failed >= 1 then
        one.resting = now + rest(one.rests)
        one.rests = one.rests + 1
        one.limit, one.failed, one.line = 1, 0, 0
      end
    end
    one.moved = true
  elseif word > 0 and one.known then
    one.failed = 0
    one.limit = math.min(top, one.limit + 1 / one.limit)
    if one.limit >= RECOVERED then
      one.rests = 0
    end
    one.moved = true
    if one.limit >= top then
      if one.rate > 0 then
        one.rests = 0
        redis.call("HDEL", one.key, "reply")
      else
        redis.call("DEL", one.key)
        one.known, one.moved = false, false
        one.limit, one.resting, one.line, one.full = top, 0, 0, 0
      end
    end
  end
end
for number = 1, domain_count do
  if domains[number].moved then
    save(domains[number])
  end
end
judge_relay(tonumber(ARGV[first]), ARGV[first + 1])
return {}
