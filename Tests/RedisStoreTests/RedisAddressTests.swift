// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@testable import MartletRedisStore

@Suite struct RedisAddressTests {
    @Test(
        arguments: [
            ("redis://films", "films:6379", nil, nil, 0),
            ("redis://films:7000/2", "films:7000", nil, nil, 2),
            ("REDIS://films/", "films:6379", nil, nil, 0),
            ("redis://:secret@films", "films:6379", nil, "secret", 0),
            ("redis://martlet:a%2Fb%40c@films:1", "films:1", "martlet", "a/b@c", 0),
            ("redis://[::1]:7000", "[::1]:7000", nil, nil, 0),
            ("redis://", "127.0.0.1:6379", nil, nil, 0),
            ("unix:///run/redis/redis.sock", "/run/redis/redis.sock", nil, nil, 0),
            ("unix://:pw@/run/redis.sock?db=4", "/run/redis.sock", nil, "pw", 4),
        ] as [(String, String, String?, String?, Int)])
    func isReadFromItsURL(url: String, place: String, user: String?, password: String?, database: Int) throws {
        let address = try RedisAddress(url)
        #expect(address.description == place)
        #expect(address.user == user)
        #expect(address.password == password)
        #expect(address.database == database)
    }

    @Test(arguments: [
        "", "films:6379", "http://films", "redis://films/x", "redis://films/-1", "unix://", "redis://a b",
    ])
    func whatIsNoneIsRefused(url: String) {
        #expect { try RedisAddress(url) } throws: { ($0 as? RedisError)?.code == .badAddress }
    }

    @Test func certificatesBelongToEncryption() throws {
        let address = try RedisAddress("rediss://me:secret@films/3?cacert=%2Fetc%2Fca.pem&cert=c.pem&key=k.pem")
        #expect(address.encryption == .init(authority: "/etc/ca.pem", certificate: "c.pem", key: "k.pem"))
        #expect(address.description == "films:6379" && address.database == 3 && address.password == "secret")
        #expect(try RedisAddress("rediss://films").encryption == .init())
        #expect(try RedisAddress("redis://films").encryption == nil)
        #expect { try RedisAddress("redis://films?cacert=ca.pem") } throws: { error in
            (error as? RedisError)?.code == .badAddress
        }
    }

    @Test func passwordIsNeverShown() throws {
        let address = try RedisAddress("redis://me:secret@films")
        #expect(!"\(address)".contains("secret"))
        #expect(
            !RedisError(refusal: "WRONGPASS invalid username-password pair", by: address).description.contains("secret")
        )
    }
}
