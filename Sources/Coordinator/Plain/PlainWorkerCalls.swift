// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

/// What is asked of workers of the plain protocol, at their own HTTP ports.
struct PlainWorkerCalls: Sendable {
    let caller: any HTTPCaller

    /// Asks a worker to take a stream; answers whether it does. Takes 10 s at most.
    func offer(_ assignment: PlainAssignment, to contact: PlainContact) async -> Bool {
        guard let body = try? JSONText.bytes(assignment) else { return false }
        let answer = await call(
            HTTPCall(
                "POST", contact.url(PlainAssignment.path), headers: ["Content-Type": MediaType.json],
                body: .bytes(body)))
        return answer.map { (200..<300).contains($0.status) } ?? false
    }

    /// Says that a stream is not wanted any more.
    ///
    /// Workers that know no such call go on until they are done; what they say then is refused.
    func withdraw(_ job: JobID, from contact: PlainContact) async {
        let path = PlainAssignment.path + "/" + PercentEncoding.encoded(job.text)
        _ = await call(HTTPCall("DELETE", contact.url(path)))
    }

    private func call(_ call: HTTPCall) async -> HTTPAnswer? {
        var call = call
        call.connectTimeout = .seconds(3)
        call.stallTimeout = .seconds(10)
        return try? await caller.call(call, limit: 64 << 10)
    }
}
