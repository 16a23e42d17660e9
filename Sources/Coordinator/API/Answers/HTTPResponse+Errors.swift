// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

extension HTTPResponse {
    /// An error's answer.
    ///
    /// - Parameter instance: the path that was asked for.
    static func problem(_ error: any Error, status: Int, instance: String) -> HTTPResponse {
        // What is no error of the house may name anything, so its own words are kept from strangers.
        let known = error as? any CodedError ?? APIError(.failed, "The coordinator could not do that.")
        let request = error as? APIError
        return .problem(
            known, status: status, instance: instance, field: request?.field,
            isRetryable: known.isRetryable || CoordinatorError.saysFullDisk(known),
            headers: request?.headers ?? HTTPHeaders())
    }
}
