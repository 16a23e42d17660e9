// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What is sent to a job's `callback_url` when the job ends.
package struct CallbackMessage: Sendable, Equatable, Codable {
    /// `jobCompleted`, `jobFailed` or `jobCancelled`.
    package var event: String
    /// When it ended, in milliseconds since 1970.
    package var timeMs: Int64
    /// The job, as it stands then.
    package var job: JobView

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case event, job
        case timeMs = "time_ms"
    }

    /// Makes a message.
    package init(event: String, timeMs: Int64, job: JobView) {
        self.event = event
        self.timeMs = timeMs
        self.job = job
    }

    /// The header field with the signature: `sha256=` and the HMAC-SHA256 of `<timestamp>.<body>` in hexadecimal.
    package static let signatureField = "Martlet-Signature"
    /// The header field with the timestamp: seconds since 1970.
    package static let timestampField = "Martlet-Timestamp"
}
