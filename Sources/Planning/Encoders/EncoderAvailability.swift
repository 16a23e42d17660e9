// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What is known of the encoders on the machine that plans.
package struct EncoderAvailability: Sendable, Equatable {
    /// The major version of libavcodec, such as 59.
    package var codecMajorVersion: Int
    /// The names of the compiled-in encoders.
    package var compiledIn: Set<String>
    /// Why an encoder that was tried does not work here, by its name; those that work are not in it.
    package var failures: [String: String]
    /// The names of the compiled-in filters.
    package var filters: Set<String>

    /// Makes facts from their parts.
    package init(
        codecMajorVersion: Int, compiledIn: Set<String>, failures: [String: String] = [:], filters: Set<String> = []
    ) {
        self.codecMajorVersion = codecMajorVersion
        self.compiledIn = compiledIn
        self.failures = failures
        self.filters = filters
    }

    /// Why the encoder cannot be used; `nil` when it can.
    func reason(against name: String) -> String? {
        compiledIn.contains(name) ? failures[name] : "this ffmpeg was built without it"
    }
}
