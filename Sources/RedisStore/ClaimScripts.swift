// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What Redis does in one step, in its Lua.
///
/// A claim is kept as `fence nonce owner`, a completion as `ClaimText` writes it. Fences come from the clock of Redis,
/// and never go back while a Redis that lost its data starts again. Owners are a sorted set by the time when they are
/// missed, in milliseconds of that clock. Who is missed stays in it: an owner that a Redis without data does not know has
/// done nothing wrong.
///
/// Source: <https://redis.io/docs/latest/develop/programmability/eval-intro/>
enum ClaimScript: String, CaseIterable {
    /// Keys: claim, completion, fence, owners. Arguments: nonce, owner, milliseconds.
    case claim = """
        local done = redis.call('GET', KEYS[2])
        if done then return {'completed', done} end
        local time = redis.call('TIME')
        local held = redis.call('GET', KEYS[1])
        if held then
            local missed = redis.call('ZSCORE', KEYS[4], string.match(held, '^%d+ %x+ (.*)$') or '')
            local left = missed and missed - (time[1] * 1000 + math.floor(time[2] / 1000)) or math.huge
            if left > 0 then return {'held', held, math.min(left, redis.call('PTTL', KEYS[1]))} end
        end
        local last = tonumber(redis.call('GET', KEYS[3]) or '0')
        local fence = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
        redis.call('SET', KEYS[3], fence)
        redis.call('SET', KEYS[1], fence .. ' ' .. ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
        return {'granted', fence}
        """

    /// Keys: owners. Arguments: owner, milliseconds, milliseconds that who is missed is remembered for.
    case announce = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[3]))
        redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
        return redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[2] + ARGV[3]))
        """

    /// Keys: claim. Arguments: fence, owner, milliseconds.
    case renew = """
        local fence, owner = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) %x+ (.*)$')
        if fence ~= ARGV[1] or owner ~= ARGV[2] then return 0 end
        return redis.call('PEXPIRE', KEYS[1], ARGV[3])
        """

    /// Keys: claim. Arguments: fence, owner, channel, message.
    case release = """
        local fence, owner = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) %x+ (.*)$')
        if fence ~= ARGV[1] or owner ~= ARGV[2] then return 0 end
        redis.call('DEL', KEYS[1])
        redis.call('PUBLISH', ARGV[3], ARGV[4])
        return 1
        """

    /// Keys: claim, completion. Arguments: fence, owner, channel, message, completion, milliseconds.
    case complete = """
        local fence, owner = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) %x+ (.*)$')
        if fence ~= ARGV[1] or owner ~= ARGV[2] then return 0 end
        redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[6])
        redis.call('DEL', KEYS[1])
        redis.call('PUBLISH', ARGV[3], ARGV[4])
        return 1
        """

    /// Keys: completion. Arguments: completion.
    case forget = """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """

    /// Gives back a claim whose grant was not heard. Keys: claim. Arguments: nonce, channel, message.
    case disown = """
        local nonce = string.match(redis.call('GET', KEYS[1]) or '', '^%d+ (%x+) ')
        if nonce ~= ARGV[1] then return 0 end
        redis.call('DEL', KEYS[1])
        redis.call('PUBLISH', ARGV[2], ARGV[3])
        return 1
        """
}
