// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts

/// The name of a piece of work: the same source, parameters, output and encoder build have the same.
enum JobIdentity {
    /// Sixteen hexadecimal digits.
    static func id(
        source: SourceDescription, parameters: TranscodeParameters, output: String, build: EncoderBuild
    ) throws -> JobID {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var hash = StableHash()
        hash.combine(source.path)
        hash.combine(source.fingerprint.digest)
        hash.combine(source.fingerprint.size.bytes)
        hash.combine(source.fingerprint.modifiedNanoseconds)
        hash.combine(output)
        hash.combine(build.digest)
        hash.combine(String(decoding: try encoder.encode(parameters), as: UTF8.self))
        let digits = String(hash.value, radix: 16)
        return JobID(String(repeating: "0", count: 16 - digits.count) + digits)
    }
}
